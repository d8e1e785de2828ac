/**
 * Where plates and neurons lie face on: which hook points are shown together, how they fill the stage, what is under a point.
 *
 * Pure geometry in CSS pixels. Knows no values, colours or canvases.
 */

/** @typedef {import("../core/layout.mjs").Layout} Layout */

/** @typedef {object} Plate
 *  @property {number} lane
 *  @property {string} key hook point
 *  @property {string} label
 *  @property {number} width neurons, 0: this lane has no such hook point
 *  @property {number} rows
 *  @property {number} cols
 *  @property {number} x left edge of the first cell
 *  @property {number} y top edge of the first cell
 *  @property {number} cellPx side of a cell */

const LABEL_PX = 19;
const GAP_PX = 22;
const LANE_GAP_PX = 18;
const MOST_CELL_PX = 40;

/** The squarest rectangle that is exactly full, wider than tall; for primes and the like one with empty cells.
 *  Same as `grid_shape` in mri/panels/neurons.py.
 *  @param {number} width neurons */
export function gridShape(width) {
  let rows = Math.floor(Math.sqrt(width));
  while (width % rows !== 0) rows--;
  if (rows * 4 < width / rows) {
    const cols = Math.ceil(Math.sqrt(width));
    return { rows: Math.ceil(width / cols), cols };
  }
  return { rows, cols: width / rows };
}

/** `resid_post` of `block.3.resid_post`; the whole key where there is no block.
 *  @param {string} key */
export function kindOf(key) {
  return key.replace(/^block\.\d+\./, "");
}

/** The hook points shown beside `key`, bottom to top: the same kind in every block, the ends of the residual stream
 *  with its inner points; all points of a plain module.
 *  @param {Layout} layout
 *  @param {string} key */
export function plateKeys(layout, key) {
  const keys = layout.points.map((point) => point.key);
  if (!layout.n_layer) return keys;
  const isEnd = (/** @type {string} */ each) => each === "embed.resid0" || each === "final.ln_f";
  const kind = isEnd(key) ? "resid_post" : kindOf(key);
  if (!key.startsWith("block.") && !isEnd(key)) return [key];
  return keys.filter((each) => kindOf(each) === kind || (kind.startsWith("resid_") && isEnd(each)));
}

/** @param {string} key
 *  @returns {string} like "block 3 · resid_post" */
export function plateLabel(key) {
  const [, block, kind] = /^block\.(\d+)\.(.+)$/.exec(key) ?? [];
  return block === undefined ? key.replace(".", " · ") : `block ${block} · ${kind}`;
}

/** All plates face on, as large as the stage allows, in reading order; those of a hook point stand side by side.
 *  @param {{key: string, widths: number[]}[]} rows with the neurons of each lane
 *  @param {number} stageWidth
 *  @param {number} stageHeight
 *  @returns {Plate[]} */
export function placePlates(rows, stageWidth, stageHeight) {
  const numLanes = rows[0].widths.length;
  const shapes = rows.map(({ widths }) => widths.map((width) => gridShape(Math.max(1, width))));
  const mostCols = Math.max(...shapes.flat().map((shape) => shape.cols));
  const mostRows = Math.max(...shapes.flat().map((shape) => shape.rows));
  const gapsPx = (numLanes - 1) * LANE_GAP_PX;
  let best = { cellPx: 0, across: 1 };
  for (let across = 1; across <= rows.length; across++) {
    const down = Math.ceil(rows.length / across);
    const cellPx = Math.min(
      ((stageWidth - GAP_PX * (across + 1)) / across - gapsPx) / (numLanes * mostCols),
      (stageHeight - GAP_PX - (LABEL_PX + GAP_PX) * down) / down / mostRows,
      MOST_CELL_PX,
    );
    if (cellPx > best.cellPx) best = { cellPx, across };
  }
  const { across } = best;
  const down = Math.ceil(rows.length / across);
  const cellPx = best.cellPx >= 4 ? Math.floor(best.cellPx * 2) / 2 : Math.max(0.5, best.cellPx);
  const lanePx = mostCols * cellPx;
  const slotWidth = Math.min(stageWidth / across, numLanes * lanePx + gapsPx + 3 * GAP_PX);
  const slotHeight = Math.min(stageHeight / down, mostRows * cellPx + LABEL_PX + 3 * GAP_PX);
  const firstTop = (stageHeight - down * slotHeight) / 2;
  return rows.flatMap(({ key, widths }, i) => {
    const inRow = Math.min(across, rows.length - Math.floor(i / across) * across);
    const slotLeft = (stageWidth - inRow * slotWidth) / 2 + (i % across) * slotWidth;
    const left = slotLeft + (slotWidth - numLanes * lanePx - gapsPx) / 2;
    const top = firstTop + Math.floor(i / across) * slotHeight;
    return widths.map((width, lane) => {
      const { rows, cols } = shapes[i][lane];
      const x = Math.round(left + lane * (lanePx + LANE_GAP_PX) + (lanePx - cols * cellPx) / 2);
      const y = Math.round(top + (slotHeight - rows * cellPx + LABEL_PX) / 2);
      return { lane, key, label: plateLabel(key), width, rows, cols, x, y, cellPx };
    });
  });
}

/** @param {Plate} plate
 *  @param {number} neuron
 *  @returns {[number, number]} centre of the neuron's cell */
export function centreOf(plate, neuron) {
  const row = Math.floor(neuron / plate.cols);
  return [plate.x + (neuron - row * plate.cols + 0.5) * plate.cellPx, plate.y + (row + 0.5) * plate.cellPx];
}

/** What lies under a point of the stage.
 *  @param {Plate[]} plates
 *  @param {number} x
 *  @param {number} y
 *  @returns {{plate: Plate, neuron: number|null}|null} neuron null: on the plate's edge or label */
export function hit(plates, x, y) {
  const edge = 8;
  for (const plate of plates) {
    const col = Math.floor((x - plate.x) / plate.cellPx);
    const row = Math.floor((y - plate.y) / plate.cellPx);
    const neuron = row * plate.cols + col;
    if (col >= 0 && col < plate.cols && row >= 0 && neuron < plate.width) return { plate, neuron };
    const isInside =
      x >= plate.x - edge &&
      x <= plate.x + plate.cols * plate.cellPx + edge &&
      y >= plate.y - LABEL_PX - edge &&
      y <= plate.y + plate.rows * plate.cellPx + edge;
    if (isInside) return { plate, neuron: null };
  }
  return null;
}
