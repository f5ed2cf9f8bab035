import { wireError } from "../wire/errors.js";
import type { Command } from "../wire/messages.js";

/**
 * Hold the channels that a command names to a length. Their names are ASCII: as many bytes as characters.
 *
 * @throws WireError `channel/invalid-name`
 */
export function requireChannelNames(command: Command, bytesMax: number): void {
  for (const { length } of channelsOf(command)) {
    if (length <= bytesMax) continue;
    throw wireError(
      "channel/invalid-name",
      `a channel name has at most ${bytesMax} bytes here, and this one ${length}`,
    );
  }
}

function channelsOf(command: Command): readonly string[] {
  if (command.do === "resume") return command.cursors.map(({ channel }) => channel);
  return "channel" in command ? [command.channel] : [];
}
