/**
 * The address bar, for whoever writes it.
 *
 * A frame may forbid it (a sandboxed one throws) and browsers refuse more than about 100 entries in 30 seconds: then everything goes
 * on, and only the address stays.
 */

/** @param {string} address of a new entry
 *  @returns {boolean} whether it stands in the address bar */
export function pushEntry(address) {
  return write("pushState", address);
}

/** @param {string} address of the present entry from now on
 *  @returns {boolean} whether it stands in the address bar */
export function replaceEntry(address) {
  return write("replaceState", address);
}

/** @param {string} address of another page, which Dash builds: its router is told as if somebody had gone back there */
export function goTo(address) {
  if (pushEntry(address)) dispatchEvent(new PopStateEvent("popstate"));
  else location.assign(address);
}

/** @param {"pushState"|"replaceState"} name
 *  @param {string} address
 *  @returns {boolean} */
function write(name, address) {
  try {
    history[name](null, "", address);
    return true;
  } catch {
    return false;
  }
}
