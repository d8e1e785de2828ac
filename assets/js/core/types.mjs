/** Types of what the server tells of a session, for every room. No code. */

/** What is not here is in the namespace `Wire` (mri/web/types.py): the server's answers as they come.
 *  @typedef {Wire.Tokens} Tokens */

/** Lines over all steps, NaN where nothing was captured. Column c stands for the steps every·c … every·(c+1)−1 and
 *  holds their largest value (of the statistic `min`, their smallest).
 *  @typedef {object} Series
 *  @property {Float32Array} surprise (n_columns,) bits
 *  @property {Float32Array} entropy (n_columns,) bits
 *  @property {Float32Array} points (n_points × n_columns), one row per hook point in the layout's order
 *  @property {number} every steps to a column
 *  @property {{step: number, point: string}|null} [firstOdd] where NaN or ±∞ began; null: nowhere
 *  @property {import("./extras.mjs").ExtraLine[]} extra what a training script added
 *  @property {number} [stride] from one row of `points` to the next, n_columns if left out */

export {};
