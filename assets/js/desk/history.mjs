/**
 * The address bar, for whoever writes it.
 *
 * A frame may forbid it (a sandboxed one throws) and browsers refuse more than about 100 entries in 30 seconds: then everything goes
 * on, and only the address stays.
 */

const isFile = () => globalThis.document?.documentElement?.dataset?.mriFile !== undefined;

/** @returns {string} the part of the address that says what is shown, as "?step=3": of a page that is a file, what stands behind its # */
export function askedNow() {
  return isFile() ? location.hash.slice(1) : location.search;
}

/** @param {string} asked as `askedNow`
 *  @returns {string} the whole address of it */
export function linkTo(asked) {
  return isFile() ? `${location.href.split("#")[0]}#${asked}` : `${location.origin}${location.pathname}${asked}`;
}

/** A new entry: its address -> whether it stands in the address bar. */
export const pushEntry = writer("pushState");

/** The present entry from now on: its address -> whether it stands in the address bar. */
export const replaceEntry = writer("replaceState");

/** @param {string} address of another page, which Dash builds: its router is told as if somebody had gone back there */
export function goTo(address) {
  if (pushEntry(address)) dispatchEvent(new PopStateEvent("popstate"));
  else location.assign(address);
}

/** @param {"pushState"|"replaceState"} name
 *  @returns {(address: string) => boolean} */
function writer(name) {
  return (address) => {
    try {
      history[name](null, "", isFile() ? `#${address}` : address);
      return true;
    } catch {
      return false;
    }
  };
}
