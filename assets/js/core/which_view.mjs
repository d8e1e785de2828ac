/**
 * Simple or Full: which of the two an address opens, given what this browser remembers. Pure.
 */

/** @typedef {"simple"|"full"} ViewName */

/** What Simple cannot show. */
const FULL_ONLY = Object.freeze(["lanes"]);

/** A bare address is a newcomer's, and opens what was chosen last or Simple; of a session alone what was chosen last or Full, as it
 *  always did; one that says more is a link to Full, unless it says so itself.
 *  @param {string} search of the address
 *  @param {string|null|undefined} remembered
 *  @returns {ViewName} */
export function whichView(search, remembered) {
  const params = new URLSearchParams(search);
  const said = params.get("view");
  if (FULL_ONLY.some((name) => params.has(name)) || said === "full") return "full";
  if (said === "simple") return "simple";
  const chosen = remembered === "simple" || remembered === "full" ? remembered : null;
  if (!params.size) return chosen ?? "simple";
  return params.size === 1 && params.has("session") ? (chosen ?? "full") : "full";
}
