import { readFileSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";

/** A private key and its certificate in PEM, the certificates of those who signed it behind it. */
export interface TlsPair {
  readonly key: string | Uint8Array;
  readonly cert: string | Uint8Array;
}

/** The files that they are in. They are read when the server starts, and when it is told to read them again. */
export interface TlsFiles {
  readonly keyFile: string;
  readonly certFile: string;
}

export type TlsOptions = (TlsPair | TlsFiles) & {
  /** What the key is encrypted with. */
  readonly passphrase?: string;
  /**
   * The oldest version that clients may speak. Default: TLS 1.2, for TLS 1.0 and 1.1 are deprecated (RFC 8996), and cannot be
   * had here.
   */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Read the files again at this signal. Default: none. */
  readonly reloadOn?: NodeJS.Signals;
};

/** What `node:tls` is to be given, and what is in it. */
export interface TlsMaterial {
  readonly context: SecureContextOptions;
  /** For the log: nothing of it is secret. */
  readonly certificate: { readonly subject: string; readonly validTo: string; readonly fingerprint: string };
}

/**
 * Read key and certificate, and see that they belong together.
 *
 * @throws BusbarError `tls/unusable`, which says of what
 */
export function tlsMaterial(options: TlsOptions): TlsMaterial {
  const { minVersion = "TLSv1.2", passphrase } = options;
  const [key, cert] =
    "keyFile" in options
      ? [read("key", options.keyFile), read("certificate", options.certFile)]
      : [bytesOf(options.key), bytesOf(options.cert)];
  const where = "keyFile" in options ? `${options.keyFile} and ${options.certFile}` : "the options key and cert";
  const context = { key, cert, minVersion, ...(passphrase !== undefined && { passphrase }) };
  try {
    createSecureContext(context);
    const { fingerprint256, subject, validTo } = new X509Certificate(cert);
    return { context, certificate: { subject, validTo, fingerprint: fingerprint256 } };
  } catch (cause) {
    throw unusable(`${where} are no key and certificate that belong together: ${causeText(cause)}`, cause);
  }
}

function bytesOf(pem: string | Uint8Array): Buffer {
  return Buffer.from(pem);
}

function read(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw unusable(`the ${what} cannot be read from ${path}: ${causeText(cause)}`, cause);
  }
}

function unusable(message: string, cause: unknown): BusbarError {
  return new BusbarError("tls/unusable", message, { cause });
}

/** What of a server is needed to give it another certificate. */
export interface SecureServer {
  setSecureContext(context: SecureContextOptions): void;
}

export interface TlsKeeperOptions {
  readonly options: TlsOptions;
  readonly server: SecureServer;
  readonly logger: Logger;
}

/** Gives a running server another key and certificate, for the connections that come from then on. */
export class TlsKeeper {
  readonly #options: TlsKeeperOptions;
  readonly #onSignal = (): void => this.#reloadOnSignal();

  constructor(options: TlsKeeperOptions) {
    this.#options = options;
    const { reloadOn } = options.options;
    if (reloadOn !== undefined) process.on(reloadOn, this.#onSignal);
  }

  /**
   * Use this pair, or read the files again.
   *
   * @throws BusbarError `tls/unusable`; then all is as it was
   */
  reload(pair: TlsPair | undefined): void {
    const { logger, options, server } = this.#options;
    const { certificate, context } = tlsMaterial(pair === undefined ? options : { ...rest(options), ...pair });
    server.setSecureContext(context);
    logger.info("server/tls-loaded", certificate);
  }

  close(): void {
    const { reloadOn } = this.#options.options;
    if (reloadOn !== undefined) process.off(reloadOn, this.#onSignal);
  }

  #reloadOnSignal(): void {
    try {
      this.reload(undefined);
    } catch (error) {
      this.#options.logger.error("server/tls-not-loaded", { cause: causeText(error) });
    }
  }
}

function rest({ minVersion, passphrase }: TlsOptions): Pick<TlsOptions, "minVersion" | "passphrase"> {
  return { ...(minVersion !== undefined && { minVersion }), ...(passphrase !== undefined && { passphrase }) };
}
