import { isToken, tokenLength, trimBlanks } from "./header-syntax.js";

/** One extension of `Sec-WebSocket-Extensions` with its parameters in order; a value is undefined where there is none. */
export interface Extension {
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, value: string | undefined])[];
}

/** The elements of a comma-separated list (RFC 9110, 5.6.1), blanks taken off, empty ones left out. */
export function splitList(value: string): string[] {
  return value
    .split(",")
    .map(trimBlanks)
    .filter((element) => element !== "");
}

/** Whether a comma-separated list has this token, in any case. */
export function hasToken(value: string | undefined, token: string): boolean {
  return value !== undefined && splitList(value).some((element) => element.toLowerCase() === token);
}

/**
 * Read a list of extensions (RFC 6455, 9.1). Undefined when it is not one.
 *
 * One pass over the text, without going back.
 */
export function parseExtensions(value: string): readonly Extension[] | undefined {
  const extensions: Extension[] = [];
  const scanner = new Scanner(value);
  do {
    scanner.skipBlanks();
    // RFC 9110, 5.6.1: a recipient takes empty elements of a list.
    if (scanner.isAtEnd || scanner.isAt(",")) continue;
    const extension = scanExtension(scanner);
    if (extension === undefined) return undefined;
    extensions.push(extension);
  } while (scanner.take(","));
  return scanner.isAtEnd && extensions.length > 0 ? extensions : undefined;
}

function scanExtension(scanner: Scanner): Extension | undefined {
  const name = scanner.token();
  if (name === undefined) return undefined;
  const parameters: [string, string | undefined][] = [];
  while (scanner.take(";")) {
    const parameter = scanner.token();
    if (parameter === undefined) return undefined;
    if (!scanner.take("=")) {
      parameters.push([parameter, undefined]);
      continue;
    }
    const value = scanner.isAt('"') ? scanner.quotedToken() : scanner.token();
    if (value === undefined) return undefined;
    parameters.push([parameter, value]);
  }
  return { name, parameters };
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  isAt(character: string): boolean {
    return this.#text.charAt(this.#at) === character;
  }

  skipBlanks(): void {
    while (this.isAt(" ") || this.isAt("\t")) this.#at++;
  }

  /** Step over `character` and the blanks around it, if it comes next. */
  take(character: string): boolean {
    this.skipBlanks();
    if (!this.isAt(character)) return false;
    this.#at++;
    this.skipBlanks();
    return true;
  }

  token(): string | undefined {
    const start = this.#at;
    this.#at += tokenLength(this.#text, start);
    return this.#at === start ? undefined : this.#text.slice(start, this.#at);
  }

  /** A quoted string whose content is a token (RFC 6455, 9.1: it must be one once the quotes are off). */
  quotedToken(): string | undefined {
    const characters: string[] = [];
    for (this.#at++; !this.isAtEnd; this.#at++) {
      if (this.isAt('"')) {
        this.#at++;
        const content = characters.join("");
        return isToken(content) ? content : undefined;
      }
      if (this.isAt("\\")) this.#at++;
      characters.push(this.#text.charAt(this.#at));
    }
    return undefined;
  }
}
