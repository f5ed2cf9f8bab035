/** The Castagnoli polynomial, bits reversed (RFC 3720, 12.1, iSCSI). */
const POLYNOMIAL = 0x82f63b78;

/** So many bytes are worked off at once. */
const STEP_BYTES = 8;

/** From this length on, making a view for steps costs less than going byte by byte. */
const STEPS_FROM_BYTES = 48;

/**
 * Eight tables in a row: the first says what a byte does to a checksum that it is shifted into, each further one what it
 * does with one more byte behind it.
 */
const tables = makeTables();

/**
 * The CRC-32C of bytes, as a number from 0 to 2^32 − 1.
 *
 * Eight bytes a step are more than three times as fast as one (64 KiB: 80 µs instead of 310, 1 KiB: 1.6 µs instead of 5.3; Node 20).
 *
 * @param previous the checksum of what stands before them.
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  const isLong = bytes.length >= STEPS_FROM_BYTES;
  return ~(isLong ? afterSteps(~previous, bytes) : afterBytes(~previous, bytes)) >>> 0;
}

function afterBytes(before: number, bytes: Uint8Array): number {
  let crc = before;
  for (const byte of bytes) crc = effect(0, crc ^ byte) ^ (crc >>> 8);
  return crc;
}

function afterSteps(before: number, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let crc = before;
  let at = 0;
  for (; at + STEP_BYTES <= bytes.length; at += STEP_BYTES) {
    const first = crc ^ view.getInt32(at, true);
    const second = view.getInt32(at + 4, true);
    crc =
      effect(7, first) ^
      effect(6, first >>> 8) ^
      effect(5, first >>> 16) ^
      effect(4, first >>> 24) ^
      effect(3, second) ^
      effect(2, second >>> 8) ^
      effect(1, second >>> 16) ^
      effect(0, second >>> 24);
  }
  for (; at < bytes.length; at++) crc = effect(0, crc ^ view.getUint8(at)) ^ (crc >>> 8);
  return crc;
}

/** What the lowest byte does to a checksum, with so many bytes behind it in the step. */
function effect(bytesBehind: number, value: number): number {
  return tables.getInt32((bytesBehind << 10) | ((value & 0xff) << 2));
}

function makeTables(): DataView {
  const made = new DataView(new ArrayBuffer(STEP_BYTES * 256 * 4));
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bytesBehind = 0; bytesBehind < STEP_BYTES; bytesBehind++) {
      for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
      made.setInt32((bytesBehind << 10) | (byte << 2), value);
    }
  }
  return made;
}
