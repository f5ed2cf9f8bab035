/** The Castagnoli polynomial, bits reversed (RFC 3720, appendix B.4, iSCSI). */
const POLYNOMIAL = 0x82f63b78;

/** What each byte does to a checksum that it is shifted into. */
const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});

/**
 * The CRC-32C of bytes, as a number from 0 to 2^32 − 1.
 *
 * @param previous the checksum of what stands before them.
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
