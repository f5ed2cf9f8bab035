const clientId = /^[A-Za-z0-9_-]{16,64}$/;

/** Whether `id` can name a client: 16 to 64 characters of `[A-Za-z0-9_-]`. */
export function isClientId(id: string): boolean {
  return clientId.test(id);
}
