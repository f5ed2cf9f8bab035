/** A house rule: words that this chat does without. */
const unwelcome = /\b(?:spam|casino|viagra)\b/i;

/** The word that keeps a text from being sent; undefined when there is none. */
export function unwelcomeWord(text: string): string | undefined {
  return unwelcome.exec(text)?.[0];
}

const SHOUTED_LETTERS_MIN = 8;

/** Say in a normal voice what was SHOUTED: a text of many letters, none of them small. */
export function soften(text: string): string {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const isShouted = letters >= SHOUTED_LETTERS_MIN && text === text.toUpperCase() && text !== text.toLowerCase();
  if (!isShouted) return text;
  return text.toLowerCase().replaceAll(/(^|[.!?]\s+)(\p{L})/gu, (_, before: string, letter: string) => {
    return before + letter.toUpperCase();
  });
}

/** Who is named in a text, as in `@ada`: each once, at most ten. */
export function mentioned(text: string): string[] {
  const names = Array.from(text.matchAll(/(?:^|[^\w@])@([a-z][a-z0-9]{0,39})\b/gi), ([, name = ""]) =>
    name.toLowerCase(),
  );
  return [...new Set(names)].slice(0, 10);
}

/** A message that somebody has reported; `verdict` is a moderator's. */
export interface Report {
  readonly author: string;
  readonly text: string;
  readonly verdict?: "unwelcome" | undefined;
}

/** Words that try not to be found: `c4sino`. */
const disguised = /\b(?:sp[4@]m|c[4@]s[i1]n[o0]|v[i1][a4@]gra)\b/i;

/**
 * What to say in the room about a reported message.
 *
 * @throws Error where a machine cannot tell: a person has to look at it.
 */
export function judge({ author, text, verdict }: Report): string {
  if (verdict === undefined && !disguised.test(text)) throw new Error("a person has to look at this");
  return `Reported, and rightly so: a message of ${author} was against the house rules.`;
}
