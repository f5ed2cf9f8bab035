/** Header fields of one message, by name in any case. */
export class HeaderMap implements Iterable<readonly [string, string]> {
  readonly #fields: readonly (readonly [string, string])[];
  readonly #byName = new Map<string, string[]>();

  /** @param raw names and values by turns, in the order in which they came, as `rawHeaders` of `node:http`. */
  constructor(raw: readonly string[]) {
    const fields: (readonly [string, string])[] = [];
    for (let index = 0; index + 1 < raw.length; index += 2) {
      const name = raw[index] ?? "";
      const value = raw[index + 1] ?? "";
      fields.push([name, value]);
      const key = name.toLowerCase();
      const values = this.#byName.get(key);
      if (values === undefined) this.#byName.set(key, [value]);
      else values.push(value);
    }
    this.#fields = fields;
  }

  /** How many fields there are, repeated ones counted each. */
  get size(): number {
    return this.#fields.length;
  }

  /** The field's value; that of a repeated field is all its values, joined by commas (RFC 9110, 5.3). */
  get(name: string): string | undefined {
    return this.#byName.get(name.toLowerCase())?.join(", ");
  }

  /** All values of a field, each by itself. */
  getAll(name: string): readonly string[] {
    return this.#byName.get(name.toLowerCase()) ?? [];
  }

  /** The fields as they came. */
  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#fields[Symbol.iterator]();
  }
}
