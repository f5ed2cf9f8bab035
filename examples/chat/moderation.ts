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
