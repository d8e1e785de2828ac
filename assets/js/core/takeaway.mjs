/**
 * What taken-away things are called and where they are asked for.
 *
 * Knows names and addresses. Refuses to know the page and the network. Pure.
 */

const ASKED = ["step", "point", "neuron", "layer", "head", "stat", "temperature", "token", "against"]; // of the view, by any table

/** Parts of the Scanner without a chart that can be taken away: [name, kind of table, what is drawn of it].
 *  @type {readonly (readonly [string, string, string])[]} */
const SCANNER_PARTS = Object.freeze([
  ["Stage", "stage", "#mri-stage"],
  ["Hook points", "layers", "#mri-layers"],
  ["Timeline", "timeline", ".mri-deck"],
  ["Tokens", "tokens", "#mri-ribbon"],
]);

/** What the Scanner has to take away, for shell/takeaway.mjs.
 *  @param {string} session
 *  @param {() => Record<string, any>} viewNow
 *  @param {() => string[]} points hook points on the stage */
export function takenFromScanner(session, viewNow, points) {
  const csvOf = (/** @type {string} */ kind) => {
    const view = viewNow();
    const lists = { watched: view.watched ?? [], points: kind === "stage" ? points() : [] };
    const given = [...ASKED, "watched", "points"].map((name) => [name, String({ ...view, ...lists }[name] ?? "")]);
    return `/sessions/${encodeURIComponent(session)}/panels/${kind}.csv?${new URLSearchParams(given.filter(([, text]) => text))}`;
  };
  const pythonOf = () => {
    const { step, point, tab, token, against } = viewNow();
    const why = /** @type {Record<string, string>} */ (tab === "why" ? { why: "1", token: String(token ?? ""), against: String(against ?? "") } : {});
    return `/sessions/${encodeURIComponent(session)}/python?${new URLSearchParams({ step: String(step), point, ...why })}`;
  };
  return {
    parts: SCANNER_PARTS,
    nameOf: (/** @type {string} */ kind, /** @type {string} */ extension) => `${session}_step-${viewNow().step}_${kind}.${extension}`.replace(/[^\w.-]/g, "-"), // nothing that a file system minds
    captionOf: (/** @type {boolean} */ isPart) => `${session} · step ${viewNow().step}${isPart ? ` · ${viewNow().point}` : ""}`,
    csvOf,
    pythonOf,
  };
}

/** @param {string} url as Plotly gives it: base64, or SVG with escapes */
export function blobFromDataUrl(url) {
  const comma = url.indexOf(",");
  const [type, encoding] = url.slice("data:".length, comma).split(";");
  const body = url.slice(comma + 1);
  if (encoding !== "base64") return new Blob([decodeURIComponent(body)], { type });
  return new Blob([Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0))], { type });
}
