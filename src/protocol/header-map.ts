/**
 * Header fields of one message, by name in any case.
 *
 * A handshake has a few fields and a socket keeps them as long as it lives: a list is smaller than an index, and
 * looking through it costs no more.
 */
export class HeaderMap implements Iterable<readonly [string, string]> {
  /** Names and values by turns. */
  readonly #raw: readonly string[];

  /** @param raw names and values by turns, in the order in which they came, as `rawHeaders` of `node:http`. */
  constructor(raw: readonly string[]) {
    this.#raw = raw;
  }

  /** How many fields there are, repeated ones counted each. */
  get size(): number {
    return this.#raw.length >> 1;
  }

  /** The field's value; that of a repeated field is all its values, joined by commas (RFC 9110, 5.3). */
  get(name: string): string | undefined {
    const values = this.getAll(name);
    return values.length === 0 ? undefined : values.join(", ");
  }

  /** All values of a field, each by itself. */
  getAll(name: string): readonly string[] {
    const lowerName = name.toLowerCase();
    const values: string[] = [];
    let isName = false;
    let isWanted = false;
    for (const text of this.#raw) {
      isName = !isName;
      if (isName) isWanted = text.length === lowerName.length && text.toLowerCase() === lowerName;
      else if (isWanted) values.push(text);
    }
    return values;
  }

  /** The fields as they came. */
  *[Symbol.iterator](): Generator<readonly [string, string], undefined> {
    let name: string | undefined;
    for (const text of this.#raw) {
      if (name === undefined) {
        name = text;
      } else {
        yield [name, text];
        name = undefined;
      }
    }
  }
}
