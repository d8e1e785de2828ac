/**
 * Prints, as JSON, everything the browser's accessors read in a run of records: tests/test_javascript.py compares it
 * with what Python reads. Usage: node dump.mjs META.json RECORDS
 */

import { readFileSync } from "node:fs";

import { meanDistance, weightRounding } from "../../assets/js/core/heads.mjs";
import * as layouts from "../../assets/js/core/layout.mjs";
import { MARK } from "../../assets/js/core/quantization.mjs";
import { framesFromRecords } from "../../assets/js/core/wire.mjs";
import { bufferOf } from "./bytes.mjs";

const [metaPath, recordsPath] = process.argv.slice(2);
const layout = layouts.layoutFromMeta(JSON.parse(readFileSync(metaPath, "utf8")));

function readingsOf(frame) {
  const points = layout.points.map(({ key }) => ({
    key,
    stats: Object.values(layouts.stats(frame, layout, key)),
    values: [...layouts.values(frame, layout, key)],
    captured: [...layouts.marks(frame, layout, key)].map((mark) => mark !== MARK.notCaptured),
    bound: layouts.bound(frame, layout, key),
  }));
  const heads = [];
  for (let layer = 0; layer < layout.n_layer; layer++) {
    for (let head = 0; head < layout.n_head; head++) {
      const { weights, bound } = layouts.attentionRow(frame, layout, layer, head);
      const { low, high } = meanDistance({ weights, bound }, weightRounding(frame));
      heads.push({ layer, head, weights: [...weights], bound, low, high });
    }
  }
  const probs = [...(layouts.logits(frame)?.probs ?? [])];
  return { header: frame.header, num_bytes: frame.numBytes, points, heads, probs };
}

const asWord = (_key, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
process.stdout.write(JSON.stringify(framesFromRecords(bufferOf(recordsPath)).map(readingsOf), asWord));
