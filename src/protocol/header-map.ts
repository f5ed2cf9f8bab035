/** Stands in no name and no value (RFC 9110, 5.5). */
const SEPARATOR = "\n";

/**
 * Header fields of one message, by name in any case.
 *
 * A handshake has a few fields and a socket keeps them as long as it lives: a list is smaller than an index, and
 * looking through it costs no more.
 */
export class HeaderMap implements Iterable<readonly [string, string]> {
  /** Names and values by turns; one text of them once they were packed. */
  #fields: readonly string[] | string;
  /** The names in lower case, from the first look on until the fields are packed: a handshake looks ten times. */
  #names: readonly string[] | undefined;

  /** @param raw names and values by turns, in the order in which they came, as `rawHeaders` of `node:http`. */
  constructor(raw: readonly string[]) {
    this.#fields = raw;
  }

  /** Take up less memory from now on, and more time for each look: for whoever keeps the fields, and may never look at them. */
  pack(): void {
    if (typeof this.#fields !== "string") this.#fields = this.#fields.join(SEPARATOR);
    this.#names = undefined;
  }

  #raw(): readonly string[] {
    if (typeof this.#fields !== "string") return this.#fields;
    return this.#fields === "" ? [] : this.#fields.split(SEPARATOR);
  }

  /** How many fields there are, repeated ones counted each. */
  get size(): number {
    return this.#raw().length >> 1;
  }

  /** How many characters names and values have, all of them together. */
  get textLength(): number {
    return this.#raw().reduce((sum, text) => sum + text.length, 0);
  }

  /** The field's value; that of a repeated field is all its values, joined by commas (RFC 9110, 5.3). */
  get(name: string): string | undefined {
    const values = this.getAll(name);
    return values.length < 2 ? values[0] : values.join(", ");
  }

  /** All values of a field, each by itself. */
  getAll(name: string): readonly string[] {
    const lowerName = name.toLowerCase();
    const raw = this.#raw();
    const names = (this.#names ??= lowerNames(raw));
    return raw.filter((_, at) => isValue(at) && names[at >> 1] === lowerName);
  }

  /** The fields as they came. */
  *[Symbol.iterator](): Generator<readonly [string, string], undefined> {
    let name: string | undefined;
    for (const text of this.#raw()) {
      if (name === undefined) {
        name = text;
      } else {
        yield [name, text];
        name = undefined;
      }
    }
  }
}

function lowerNames(raw: readonly string[]): readonly string[] {
  return raw.filter((_, at) => !isValue(at)).map((name) => name.toLowerCase());
}

/** Names and values come by turns. */
function isValue(at: number): boolean {
  return at % 2 === 1;
}
