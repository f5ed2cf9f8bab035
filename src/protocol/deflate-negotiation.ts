import type { Extension } from "./header-list.js";

/** What both sides agreed on (RFC 7692, 7.1). */
export interface DeflateParameters {
  /** Whether the server compresses each message by itself. */
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  /** Base-2 logarithm of the largest LZ77 window that the server uses, 8 to 15. */
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
}

export interface DeflateWishes {
  /** Whether contexts are to be given up after each message, both ways. */
  readonly noContextTakeover: boolean;
  /** The largest windows that are wanted, 8 to 15. Default: 15. */
  readonly serverMaxWindowBits?: number;
  readonly clientMaxWindowBits?: number;
}

const NAME = "permessage-deflate";
const WINDOW_BITS_MAX = 15;

/** The parameters of one offer or answer as they came. `true`: given without a value. */
interface GivenParameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | undefined;
  readonly clientMaxWindowBits: number | true | undefined;
}

/**
 * Choose the first offer of permessage-deflate that can be taken (RFC 7692, 5.1 and 7.1); undefined: no compression.
 *
 * An offer with a parameter that is unknown, repeated or out of range is declined, and the next one considered. Each
 * window from 8 to 15 bits can be taken: a sender whose compressor makes none of 8 sends its messages as they are, which
 * section 6 leaves to it for each message, and an inflater of 15 reads all.
 */
export function negotiateDeflate(offers: readonly Extension[], wishes: DeflateWishes): DeflateParameters | undefined {
  for (const offer of offers) {
    const given = offer.name === NAME ? parseParameters(offer) : undefined;
    if (given === undefined) continue;
    return {
      serverNoContextTakeover: given.serverNoContextTakeover || wishes.noContextTakeover,
      clientNoContextTakeover: given.clientNoContextTakeover || wishes.noContextTakeover,
      serverMaxWindowBits: smaller(given.serverMaxWindowBits, wishes.serverMaxWindowBits),
      clientMaxWindowBits: clientWindowBits(given.clientMaxWindowBits, wishes.clientMaxWindowBits),
    };
  }
  return undefined;
}

/** RFC 7692, 7.1.2.2: the server can ask for a smaller window only where the offer says that the client can make one. */
function clientWindowBits(offered: number | true | undefined, wished: number | undefined): number {
  if (offered === undefined) return WINDOW_BITS_MAX;
  return smaller(offered === true ? undefined : offered, wished);
}

function smaller(bits = WINDOW_BITS_MAX, otherBits = WINDOW_BITS_MAX): number {
  return Math.min(bits, otherBits);
}

/** What a server answers an offer with; parameters that say nothing new are left out. */
export function formatDeflateAnswer(parameters: DeflateParameters): string {
  return [
    NAME,
    ...(parameters.serverNoContextTakeover ? ["server_no_context_takeover"] : []),
    ...(parameters.clientNoContextTakeover ? ["client_no_context_takeover"] : []),
    ...(parameters.serverMaxWindowBits < WINDOW_BITS_MAX
      ? [`server_max_window_bits=${parameters.serverMaxWindowBits}`]
      : []),
    ...(parameters.clientMaxWindowBits < WINDOW_BITS_MAX
      ? [`client_max_window_bits=${parameters.clientMaxWindowBits}`]
      : []),
  ].join("; ");
}

/** What a client offers: a window of its own that the server can ask to be smaller, and a limit to the server's. */
export function formatDeflateOffer(wishes: DeflateWishes): string {
  const serverBits = smaller(wishes.serverMaxWindowBits);
  const clientBits = smaller(wishes.clientMaxWindowBits);
  return [
    NAME,
    ...(wishes.noContextTakeover ? ["server_no_context_takeover", "client_no_context_takeover"] : []),
    ...(serverBits < WINDOW_BITS_MAX ? [`server_max_window_bits=${serverBits}`] : []),
    clientBits < WINDOW_BITS_MAX ? `client_max_window_bits=${clientBits}` : "client_max_window_bits",
  ].join("; ");
}

/** Read a server's answer to our offer (RFC 7692, 7.1); undefined when it does not fit the offer. */
export function checkDeflateAnswer(answer: Extension, wishes: DeflateWishes): DeflateParameters | undefined {
  const given = answer.name === NAME ? parseParameters(answer) : undefined;
  // RFC 7692, 7.1.2.2: an answer gives a value.
  if (given === undefined || given.clientMaxWindowBits === true) return undefined;
  // 7.1.1.1 and 7.1.2.1: what we asked of the server it has to confirm.
  if (wishes.noContextTakeover && !given.serverNoContextTakeover) return undefined;
  if (smaller(given.serverMaxWindowBits) > smaller(wishes.serverMaxWindowBits)) return undefined;
  return {
    serverNoContextTakeover: given.serverNoContextTakeover,
    clientNoContextTakeover: given.clientNoContextTakeover || wishes.noContextTakeover,
    serverMaxWindowBits: smaller(given.serverMaxWindowBits),
    clientMaxWindowBits: smaller(given.clientMaxWindowBits, wishes.clientMaxWindowBits),
  };
}

function parseParameters({ parameters }: Extension): GivenParameters | undefined {
  const byName = new Map(parameters);
  if (byName.size !== parameters.length) return undefined;
  for (const [name, value] of parameters) if (!isValid(name, value)) return undefined;
  const serverBits = byName.get("server_max_window_bits");
  const clientBits = byName.get("client_max_window_bits");
  return {
    serverNoContextTakeover: byName.has("server_no_context_takeover"),
    clientNoContextTakeover: byName.has("client_no_context_takeover"),
    serverMaxWindowBits: serverBits === undefined ? undefined : Number(serverBits),
    clientMaxWindowBits:
      clientBits !== undefined ? Number(clientBits) : byName.has("client_max_window_bits") || undefined,
  };
}

function isValid(name: string, value: string | undefined): boolean {
  switch (name) {
    case "server_no_context_takeover":
    case "client_no_context_takeover":
      return value === undefined;
    case "server_max_window_bits":
      return value !== undefined && isWindowBits(value);
    case "client_max_window_bits":
      return value === undefined || isWindowBits(value);
    default:
      return false;
  }
}

/** RFC 7692, 7.1.2.1: a decimal from 8 to 15 without leading zeros. */
function isWindowBits(value: string): boolean {
  return /^([89]|1[0-5])$/.test(value);
}
