/**
 * Colour scales from their stops. Stops come from /assets/scales.json, which Python reads too.
 *
 * Knows interpolation. Refuses to know values and units: callers map a value to 0…1 and mark NaN themselves.
 * Between two stops each sRGB channel runs linearly, as Plotly does it, so that both pictures agree.
 */

/** @typedef {[number, string][]} Stops  [position 0…1, "#rrggbb"], positions rising from 0 to 1 */

/** @param {Stops} stops
 *  @returns {(t: number) => [number, number, number]} t in 0…1 (clamped) -> red, green, blue in 0…255 */
export function colourMap(stops) {
  const positions = stops.map(([position]) => position);
  const colours = stops.map(([, hex]) => rgbFromHex(hex));
  return (t) => {
    let right = 1;
    while (right < positions.length - 1 && positions[right] < t) right++;
    const span = positions[right] - positions[right - 1];
    const share = Math.min(1, Math.max(0, (t - positions[right - 1]) / span));
    const [from, to] = [colours[right - 1], colours[right]];
    const mix = (/** @type {number} */ i) => Math.round(from[i] + share * (to[i] - from[i]));
    return [mix(0), mix(1), mix(2)];
  };
}

/** @param {string} colour "#rrggbb"
 *  @returns {Stops} a scale of nothing else */
export function plain(colour) {
  return [0, 1].map((position) => [position, colour]);
}

/** The scale as a texture row.
 *  @param {Stops} stops
 *  @returns {number[]} (256 * 4,) red, green, blue, 255 */
export function rgbaTable(stops) {
  const colour = colourMap(stops);
  return Array.from({ length: 256 }, (_, i) => [...colour(i / 255), 255]).flat();
}

/** @param {string} hex "#rrggbb"
 *  @returns {[number, number, number]}
 *  @throws {RangeError} */
export function rgbFromHex(hex) {
  if (!/^#[0-9a-f]{6}$/i.test(hex)) throw new RangeError(`“${hex}” is not a colour like #4fd1e0.`);
  const number = parseInt(hex.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}
