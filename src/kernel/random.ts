/** The port for randomness. The server's source is cryptographic; a test's comes from a seed. */
export interface Random {
  /** Overwrite all of `target` with random bytes. */
  fill(target: Uint8Array): void;
  /** A number in [0, 1), for jitter and sampling. */
  fraction(): number;
}
