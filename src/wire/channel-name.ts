/** A channel name is at most this many bytes long (its characters are ASCII, so characters too). */
const channelNameBytesMax = 255;

const segments = /^[A-Za-z0-9._~-]+(?:\/[A-Za-z0-9._~-]+)*$/;

/** Whether `name` names a channel: segments of `[A-Za-z0-9._~-]` joined by `/`, 1 to 255 bytes. Linear in its length. */
export function isChannelName(name: string): boolean {
  return name.length <= channelNameBytesMax && segments.test(name);
}
