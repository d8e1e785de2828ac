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

/** Of a recording, what a picture of one of its steps needs.
 *  @typedef {object} Shows
 *  @property {import("./layout.mjs").Layout} layout
 *  @property {Tokens} tokens
 *  @property {Record<string, number>} fullScale hook point -> magnitude at the top of the colour scale */

/** What stands side by side on the stage: one step of a recording, or what two of them differ by.
 *  @typedef {object} Lane
 *  @property {Shows} run
 *  @property {number} step
 *  @property {import("./wire.mjs").Frame|null} frame null: there is no such step, or it is not here yet
 *  @property {import("./wire.mjs").Frame|null} before the step before, where it is at hand
 *  @property {string} name like "A"; "" where it stands alone
 *  @property {string} label its title
 *  @property {string} [none] why there is no frame
 *  @property {(key: string) => ReturnType<typeof import("./difference.mjs").neuronDifferences>|null} [differences] of B − A: of that
 *            hook point; null where nothing is subtracted */

export {};
