// An expression that stands in a function is made anew with each call.
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The length of the token that begins at `at`, 0 where there is none (RFC 9110, 5.6.2). */
export function tokenLength(text: string, at: number): number {
  TOKEN.lastIndex = at;
  // A match ends at `lastIndex`; where there is none, it is 0.
  return TOKEN.test(text) ? TOKEN.lastIndex - at : 0;
}

/** Whether the text is a token: what names of headers, subprotocols and extensions are. */
export function isToken(text: string): boolean {
  return text !== "" && tokenLength(text, 0) === text.length;
}

/** What can stand behind a header's colon: no control characters but the tab, and one byte for each character (RFC 9110, 5.5). */
export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

/** Take blanks and tabs off both ends (RFC 9110, 5.6.3); in linear time, however many there are. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text, start)) start++;
  while (end > start && isBlank(text, end - 1)) end--;
  return text.slice(start, end);
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
