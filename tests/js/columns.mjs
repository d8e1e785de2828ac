/**
 * Prints, as JSON, the columns that panels' scripts read in a run of records: tests/test_javascript.py compares them with the
 * panels' tables. Usage: node columns.mjs META.json RECORDS TOKENS.json VIEWS.json PANEL …
 */

import { readFileSync } from "node:fs";

import { layoutFromMeta } from "../../assets/js/core/layout.mjs";
import { framesFromRecords } from "../../assets/js/core/wire.mjs";
import { bufferOf } from "./bytes.mjs";

const [meta, records, tokens, views, ...names] = process.argv.slice(2);
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const frames = framesFromRecords(bufferOf(records));
const source = { layout: layoutFromMeta(json(meta)), ...json(tokens) };
const found = {};
for (const name of names) {
  const { columns } = await import(`../../assets/js/panels/${name}.mjs`);
  found[name] = json(views).map((view) => frames.map((frame) => columns(frame, source, view)));
}
const asWord = (_key, value) => {
  if (ArrayBuffer.isView(value)) return [...value];
  return typeof value === "number" && !Number.isFinite(value) ? (Number.isNaN(value) ? null : String(value)) : value;
};
process.stdout.write(JSON.stringify(found, asWord));
