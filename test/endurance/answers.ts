/** What a program tells, to be awaited by its kind. */
export class Answers<Told extends { readonly kind: string }> {
  readonly #told: Told[] = [];
  readonly #waiting: (() => void)[] = [];

  /** Gives what was told to whoever waits; hand it over as the program's listener. */
  readonly take = (told: Told): void => {
    this.#told.push(told);
    for (const wake of this.#waiting.splice(0)) wake();
  };

  /** Await and take out the first answer of this kind. */
  async next<Kind extends Told["kind"]>(kind: Kind): Promise<Extract<Told, { readonly kind: Kind }>> {
    for (;;) {
      const index = this.#told.findIndex((told) => told.kind === kind);
      const [told] = index === -1 ? [] : this.#told.splice(index, 1);
      if (isOfKind(told, kind)) return told;
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }
}

function isOfKind<Told extends { readonly kind: string }, Kind extends Told["kind"]>(
  told: Told | undefined,
  kind: Kind,
): told is Extract<Told, { readonly kind: Kind }> {
  return told?.kind === kind;
}
