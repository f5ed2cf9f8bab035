import { BusbarError } from "../kernel/errors.js";
import type { JsonObject } from "../wire/json.js";
import type { AuthenticationRequest, Authenticator } from "./authenticator.js";
import { trustedKey, type BearerKey, type BearerPorts, type TokenParties, type TrustedKey } from "./bearer-keys.js";
import type { Principal } from "./principal.js";
import { faultOfParties, faultOfTime, principalOf } from "./token-claims.js";
import { readToken, type Token, type TokenFault } from "./token.js";

export interface BearerOptions extends TokenParties {
  /**
   * How far the issuer's clock may be ahead of the server's, for `nbf` and `iat`. `exp` counts exactly: nobody is let in,
   * or stays, after it. Default: 30 s.
   */
  readonly clockSkewMs?: number;
  /** Whether tokens without `exp` are accepted. Default: no. */
  readonly allowEndless?: boolean;
  /** The claim that is the principal's id, or a function of all claims. Default: `sub`. */
  readonly id?: string | ((claims: JsonObject) => unknown);
  /**
   * The claim that has the principal's roles, as a list or as one text with blanks between them, or a function of all
   * claims. Without it there are none. Default: `roles`.
   */
  readonly roles?: string | ((claims: JsonObject) => unknown);
  /**
   * The query's parameter that may have the token: `access_token`. URLs are logged on the way, by others than busbar.
   * Default: none may.
   */
  readonly inUrl?: string;
  /** How many characters a token may have. Default: 8,192. */
  readonly tokenLengthMax?: number;
  /** What the challenge names. Default: `busbar`. Printable ASCII without `"` and `\`. */
  readonly realm?: string;
}

type Settings = Required<Omit<BearerOptions, "issuer" | "audience" | "inUrl" | "realm">> & Pick<BearerOptions, "inUrl">;

/** The one table of defaults. */
export const bearerDefaults: Settings = {
  clockSkewMs: 30_000,
  allowEndless: false,
  id: "sub",
  roles: "roles",
  tokenLengthMax: 8_192,
};

/** How many keys an authenticator has at most: a token may be tried with each. */
const keysMax = 32;

/**
 * Recognise clients by signed tokens (RFC 7519): in the `Authorization` header, as a subprotocol, in `hello`.
 *
 * @throws BusbarError `auth/invalid-key`, `auth/invalid-realm`, `options/invalid`.
 */
export function bearerWith(
  ports: BearerPorts,
  keys: BearerKey | readonly BearerKey[],
  options: BearerOptions = {},
): Authenticator {
  const { audience, issuer, realm = "busbar", ...given } = options;
  const settings: Settings = { ...bearerDefaults, ...given };
  checkSettings(settings);
  const parties = { ...(issuer !== undefined && { issuer }), ...(audience !== undefined && { audience }) };
  const trusted = [keys].flat().map((key) => trustedKey(key, parties, ports));
  if (trusted.length === 0 || trusted.length > keysMax) {
    throw new BusbarError("auth/invalid-key", `tokens are checked with 1 to ${keysMax} keys`);
  }
  const judge = new TokenJudge(trusted, settings, ports);
  const authenticate = async (request: AuthenticationRequest): Promise<Principal | undefined> => {
    const shown = tokensIn(request, settings.inUrl);
    const [token, ...others] = shown;
    if (token === undefined) return undefined;
    // RFC 6750, 2: one way to show it.
    const outcome = others.length > 0 ? "token/given-twice" : await judge.judge(token);
    if (typeof outcome !== "string") return outcome;
    request.report?.({ why: outcome });
    return undefined;
  };
  return Object.assign(authenticate, { challenge: challengeOf(realm) });
}

/** Tells whose token a text is. */
class TokenJudge {
  readonly #trusted: readonly TrustedKey[];
  readonly #settings: Settings;
  readonly #clock: BearerPorts["clock"];

  constructor(trusted: readonly TrustedKey[], settings: Settings, { clock }: BearerPorts) {
    this.#trusted = trusted;
    this.#settings = settings;
    this.#clock = clock;
  }

  async judge(text: string): Promise<Principal | TokenFault> {
    const { tokenLengthMax } = this.#settings;
    if (text.length > tokenLengthMax) return "token/too-long";
    const token = readToken(text);
    if (typeof token === "string") return token;
    const fault =
      faultOfTime(token.claims, { ...this.#settings, nowMs: this.#clock.wallTimeMs() }) ??
      (await this.#faultOfSigner(text, token));
    return fault ?? principalOf(token.claims, this.#settings);
  }

  /**
   * What is wrong with who signed it; undefined where one of the keys did, and is trusted for what the token says of its
   * issuer and audience. Keys are looked for, and fetched, for tokens alone that name the right ones.
   */
  async #faultOfSigner(text: string, { alg, claims, kid }: Token): Promise<TokenFault | undefined> {
    let fault: TokenFault | undefined = "token/algorithm";
    for (const { keys, ...parties } of this.#trusted) {
      if (!keys.takes(alg)) continue;
      fault = faultOfParties(claims, parties);
      if (fault !== undefined) continue;
      const isSigned = await keys.find({ alg, kid });
      if (isSigned === undefined) fault = "token/unknown-key";
      else if (await isSigned(text)) return undefined;
      else fault = "token/signature";
    }
    return fault;
  }
}

/** All tokens that a request shows. What is said in `hello` or in the header counts, and not the URL as well. */
function tokensIn({ at, credentials, url }: AuthenticationRequest, inUrl: string | undefined): readonly string[] {
  if (credentials !== undefined) return credentials.scheme === "bearer" ? [credentials.token] : [];
  const queryAt = url.indexOf("?");
  if (inUrl === undefined || queryAt === -1 || (at ?? "handshake") !== "handshake") return [];
  return new URLSearchParams(url.slice(queryAt + 1)).getAll(inUrl);
}

function checkSettings({ clockSkewMs, inUrl, tokenLengthMax }: Settings): void {
  const check = (isRight: boolean, rule: string): void => {
    if (!isRight) throw new BusbarError("options/invalid", `the option ${rule}`);
  };
  check(clockSkewMs >= 0, "clockSkewMs is a number from 0 on");
  check(tokenLengthMax > 0, "tokenLengthMax is a number above 0");
  check(inUrl !== "", "inUrl is the name of a parameter");
}

/** RFC 6750, 3. The same for every token: why one was refused is for the log. */
function challengeOf(realm: string): string {
  if (!/^[ !#-[\]-~]*$/.test(realm)) {
    throw new BusbarError("auth/invalid-realm", 'a realm is printable ASCII without " and \\');
  }
  return `Bearer realm="${realm}"`;
}
