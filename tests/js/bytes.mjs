/** Frames and records made by hand, and the golden frames. For tests. */

import { readFileSync } from "node:fs";

const GOLDEN = new URL("../golden_frame/", import.meta.url);

/** A file's bytes in an ArrayBuffer of their own. */
export function bufferOf(url) {
  return new Uint8Array(readFileSync(url)).buffer;
}

/** One golden frame: its bytes and what a right reader gets out of them. */
export function golden(name) {
  const expected = JSON.parse(readFileSync(new URL(`${name}.json`, GOLDEN), "utf8"));
  return { buffer: bufferOf(new URL(expected.file, GOLDEN)), expected };
}

/** A safetensors blob as the Python library lays it out: header padded to 8 bytes, arrays one after the other. */
export function blob(header, arrays) {
  const entries = { __metadata__: { frame: JSON.stringify(header) } };
  let offset = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(arrays)) {
    entries[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(entries));
  const jsonBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + jsonBytes + offset).fill(0x20, 8, 8 + jsonBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(jsonBytes), true);
  bytes.set(json, 8);
  offset = 8 + jsonBytes;
  for (const { data } of Object.values(arrays)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** One wire record around a payload; the CRC is left at zero, the browser does not read it. */
export function record(payload, { step = 0, kind = 1, version = 1 } = {}) {
  const bytes = new Uint8Array(Math.ceil((16 + payload.length + 4) / 8) * 8);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("MRIJ"));
  view.setUint16(4, version, true);
  view.setUint16(6, kind, true);
  view.setUint32(8, step, true);
  view.setUint32(12, payload.length, true);
  bytes.set(payload, 16);
  return bytes;
}

export function joined(...parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes.buffer;
}

export function headerOf(step) {
  return { step, phase: "decode", pos0: step, t_add: 1, chosen_id: 0, forced: false, time_us: 0, dropped: 0, dropped_layers: [] };
}

/** Records of the steps start…stop−1, each with one float32 array of `width` values step, step + 1, … */
export function recordsOf(start, stop, width = 4) {
  const parts = [];
  for (let step = start; step < stop; step++) {
    const data = Float32Array.from({ length: width }, (_, i) => step + i);
    parts.push(record(blob(headerOf(step), { "extra/x": { dtype: "F32", shape: [width], data } }), { step }));
  }
  return joined(...parts);
}
