/** Read a `Cookie` header into names and values (RFC 6265, 4.2.1). The first of several with one name counts. */
export function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  if (header === undefined) return cookies;
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals === -1) continue;
    const name = pair.slice(0, equals).trim();
    const value = pair.slice(equals + 1).trim();
    const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
    if (name !== "" && !cookies.has(name)) cookies.set(name, isQuoted ? value.slice(1, -1) : value);
  }
  return cookies;
}
