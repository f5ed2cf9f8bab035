/** The id of a publisher whose principal is kept as JSON text. */
export function publisherOf(principal: string): string {
  const publisher: unknown = JSON.parse(principal);
  return typeof publisher === "object" && publisher !== null && "id" in publisher ? String(publisher.id) : "";
}
