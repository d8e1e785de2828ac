/**
 * Runs of wire records -> frames, as typed-array views into the bytes received: nothing is copied.
 *
 * Knows the byte layout of mri/format/wire.py: records around safetensors blobs
 * (https://github.com/huggingface/safetensors#format). Refuses to know where bytes come from and what arrays mean.
 * The CRC-32 of a record is not checked again here: the server checked it when it read the disk.
 */

/** @typedef {import("./quantization.mjs").TypedArray} TypedArray */

/** @typedef {object} FrameArray
 *  @property {string} dtype safetensors name; F16 keeps its bits in a Uint16Array
 *  @property {number[]} shape row-major; [] is a single number
 *  @property {TypedArray} data */

/** @typedef {object} Frame
 *  @property {Wire.FrameHeader} header
 *  @property {Record<string, FrameArray>} arrays
 *  @property {number} numBytes of the arrays
 *  @property {Uint8Array} [record] the whole wire record that it came in */

const MAGIC = 0x4a49524d; // "MRIJ", read little-endian
const VERSION = 1;
const KIND_FRAME = 1;
const HEADER_BYTES = 16;
const CRC_BYTES = 4;

const VIEWS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  U32: Uint32Array,
  I32: Int32Array,
  U16: Uint16Array,
  I16: Int16Array,
  U8: Uint8Array,
  I8: Int8Array,
};

/** Bytes that are not whole frames of this format. The message is a sentence for a person. */
export class BadFrames extends Error {
  isFinal = false; // another answer may be whole
}

/** Every frame in a run of whole records; records of other kinds (the end mark) are passed over.
 *  @param {ArrayBuffer} buffer
 *  @returns {Frame[]}
 *  @throws {BadFrames} */
export function framesFromRecords(buffer) {
  const view = new DataView(buffer);
  const frames = [];
  const cutOff = (/** @type {number} */ offset) => new BadFrames(`The steps were cut off after ${offset} of ${buffer.byteLength} bytes: try again.`);
  for (let offset = 0; offset < buffer.byteLength;) {
    if (buffer.byteLength - offset < HEADER_BYTES) throw cutOff(offset);
    if (view.getUint32(offset, true) !== MAGIC || view.getUint16(offset + 4, true) !== VERSION) {
      throw new BadFrames(`The bytes at ${offset} are not a record of trace format ${VERSION}: reload the page, it may be older than the server.`);
    }
    const payloadBytes = view.getUint32(offset + 12, true);
    const end = offset + Math.ceil((HEADER_BYTES + payloadBytes + CRC_BYTES) / 8) * 8; // zeros up to a multiple of 8
    if (end > buffer.byteLength) throw cutOff(offset);
    if (view.getUint16(offset + 6, true) === KIND_FRAME) {
      frames.push({ ...frameFromBlob(buffer, offset + HEADER_BYTES, payloadBytes), record: new Uint8Array(buffer, offset, end - offset) });
    }
    offset = end;
  }
  return frames;
}

/** One safetensors blob inside a buffer, `start` a multiple of 8.
 *  @param {ArrayBuffer} buffer
 *  @param {number} [start]
 *  @param {number} [numBytes]
 *  @returns {Frame}
 *  @throws {BadFrames} */
export function frameFromBlob(buffer, start = 0, numBytes = buffer.byteLength - start) {
  if (numBytes < 8) throw new BadFrames("A frame is empty: try again.");
  const view = new DataView(buffer, start, numBytes);
  const jsonBytes = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || 8 + jsonBytes > numBytes) {
    throw new BadFrames("A frame's header is longer than the frame: try again.");
  }
  let entries;
  let header;
  try {
    entries = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, start + 8, jsonBytes)));
    header = JSON.parse(entries.__metadata__.frame);
  } catch (error) {
    throw new BadFrames(`A frame's header cannot be read (${error}): try again.`);
  }
  const dataStart = start + 8 + jsonBytes;
  /** @type {Record<string, FrameArray>} */
  const arrays = {};
  let arrayBytes = 0;
  for (const [name, entry] of Object.entries(entries)) {
    if (name === "__metadata__") continue;
    arrays[name] = arrayFromEntry(name, entry, buffer, dataStart, start + numBytes);
    arrayBytes += arrays[name].data.byteLength;
  }
  return { header, arrays, numBytes: arrayBytes };
}

/** @param {string} name
 *  @param {{dtype: string, shape: number[], data_offsets: [number, number]}} entry
 *  @param {ArrayBuffer} buffer
 *  @param {number} dataStart byte that offsets count from
 *  @param {number} dataEnd
 *  @returns {FrameArray} */
function arrayFromEntry(name, { dtype, shape, data_offsets: [from, to] }, buffer, dataStart, dataEnd) {
  const View = VIEWS[/** @type {keyof typeof VIEWS} */ (dtype)];
  if (!View) throw new BadFrames(`Array ${name} has the type ${dtype}, which this page cannot read: update it.`);
  const length = shape.reduce((product, n) => product * n, 1);
  const offset = dataStart + from;
  if (to - from !== length * View.BYTES_PER_ELEMENT || dataStart + to > dataEnd || offset % View.BYTES_PER_ELEMENT) {
    throw new BadFrames(`Array ${name} does not lie where its header says: try again.`);
  }
  return { dtype, shape, data: new View(buffer, offset, length) };
}
