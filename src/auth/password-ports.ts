/** What a scrypt hash costs (RFC 7914, 2): about 128 · `r` · 2^`ln` bytes of memory, and `p` times the time of that. */
export interface ScryptCost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

export interface ScryptRequest extends ScryptCost {
  readonly password: string;
  readonly salt: Uint8Array;
  /** So many bytes are wanted. */
  readonly length: number;
}

/** The port for hashing passwords. */
export interface PasswordHashing {
  /** The hash; undefined while as many wait as may. */
  scrypt(request: ScryptRequest): Promise<Uint8Array> | undefined;
  /** Overwrite all of `target` with random bytes. */
  fill(target: Uint8Array): void;
  /** A text that tells texts apart, is made at once, and says nothing of them to whoever does not know this process's key. */
  seal(text: string): string;
}
