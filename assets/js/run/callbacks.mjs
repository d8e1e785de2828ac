/**
 * The page's callbacks over a line that fails: each is asked again until it is answered, or until a newer one of the same
 * outputs takes its place. Dash itself asks once, and tells only the console.
 *
 * Knows how Dash asks. Refuses to know what is asked, and the page.
 */

const ADDRESS = "/_dash-update-component";

export class Callbacks {
  /** @type {Map<string, number>} outputs -> their newest request */
  #newest = new Map();
  #count = 0;

  /** @param {object} context
   *  @param {(...asked: any[]) => Promise<Response>} context.fetch the browser's own
   *  @param {() => void} context.onAway one was not answered
   *  @param {() => void} context.onBack one was answered
   *  @param {import("./again.mjs").Again} context.again */
  constructor({ fetch, onAway, onBack, again }) {
    this.ask = fetch;
    this.onAway = onAway;
    this.onBack = onBack;
    this.again = again;
  }

  /** In the place of window.fetch. @param {...any} asked */
  async fetch(...asked) {
    if (!String(asked[0]?.url ?? asked[0]).includes(ADDRESS)) return this.ask(...asked);
    const outputs = outputsOf(asked[1]?.body);
    const turn = ++this.#count;
    this.#newest.set(outputs, turn);
    for (;;) {
      try {
        const response = await this.ask(...asked);
        this.again.answered();
        this.onBack();
        return response;
      } catch (error) {
        if (/** @type {Error} */ (error).name === "AbortError" || this.#newest.get(outputs) !== turn) throw error;
        this.onAway();
        await new Promise((go) => this.again.wait(() => go(null)));
        if (this.#newest.get(outputs) !== turn) throw error;
      }
    }
  }
}

/** @param {unknown} body of the request
 *  @returns {string} which outputs it is for; "" where it does not say */
function outputsOf(body) {
  try {
    return String(JSON.parse(/** @type {string} */ (body)).output);
  } catch {
    return "";
  }
}
