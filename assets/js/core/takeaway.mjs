/**
 * What taken-away things are called and where they are asked for.
 *
 * Knows names and addresses. Refuses to know the page and the network. Pure.
 */

/** @param {string} session
 *  @param {number} step
 *  @param {string} what a panel's kind
 *  @param {string} extension
 *  @returns {string} like demo-story_step-24_neurons.csv */
export function fileName(session, step, what, extension) {
  return `${session}_step-${step}_${what}.${extension}`.replace(/[^\w.-]/g, "-");
}

/** @param {string} session
 *  @param {string} kind of panel, a file of mri/panels
 *  @param {Record<string, any>} view
 *  @param {readonly string[]} points hook points on the stage
 *  @returns {string} address of the panel's numbers */
export function csvAddress(session, kind, view, points) {
  const { step, point, neuron, layer, head, stat, temperature, token, against, watched } = view;
  const wanted = {
    step,
    point,
    neuron,
    layer,
    head,
    stat,
    temperature,
    token,
    against,
    watched: (watched ?? []).join(),
    points: kind === "stage" ? points.join() : "",
  };
  const given = Object.entries(wanted).map(([name, value]) => [name, String(value ?? "")]);
  return `/sessions/${encodeURIComponent(session)}/panels/${kind}.csv?${new URLSearchParams(given.filter(([, text]) => text))}`;
}

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
  const pythonOf = () => {
    const { step, point, tab, token, against } = viewNow();
    const why = /** @type {Record<string, string>} */ (tab === "why" ? { why: "1", token: String(token ?? ""), against: String(against ?? "") } : {});
    return `/sessions/${encodeURIComponent(session)}/python?${new URLSearchParams({ step: String(step), point, ...why })}`;
  };
  return {
    parts: SCANNER_PARTS,
    nameOf: (/** @type {string} */ kind, /** @type {string} */ extension) => fileName(session, viewNow().step, kind, extension),
    captionOf: (/** @type {boolean} */ isPart) => `${session} · step ${viewNow().step}${isPart ? ` · ${viewNow().point}` : ""}`,
    csvOf: (/** @type {string} */ kind) => csvAddress(session, kind, viewNow(), points()),
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
