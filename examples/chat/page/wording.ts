/** How things are put into words. */
import type { BusbarError } from "busbar/client";

/** "1 message", "3 messages". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** "12 seconds", "5 minutes", "2 hours". */
export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 90) return count(seconds, "second");
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? count(minutes, "minute") : count(Math.round(minutes / 60), "hour");
}

/** "Today", "Yesterday", or the date. */
export function day(at: Date, now: Date): string {
  const midnight = (date: Date): number => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const daysAgo = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (daysAgo === 0) return "Today";
  if (daysAgo === 1) return "Yesterday";
  return at.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
}

export function clockTime(at: Date): string {
  return at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

/** "ada" as she is shown. */
export function displayName(id: string): string {
  return id.charAt(0).toUpperCase() + id.slice(1);
}

/** An error as a line for the person in front of the page. */
export function explain(error: BusbarError & { readonly retryAfterMs?: number | undefined }): string {
  switch (error.code) {
    case "auth/refused":
      return "This name and password are not known here.";
    case "policy/denied":
      return `You can read this room but not write in it: ${error.message}.`;
    case "channel/invalid-name":
    case "channel/unknown":
      return "There is no such room: a room's name has letters, digits, and . _ ~ - between them.";
    case "message/too-large":
      return "This is far too long to be one message.";
    case "publish/unknown-fate":
      return "The server has not answered for a long time. The message may have arrived.";
    case "limit/rate":
      return `That was too fast. Try again in ${duration(error.retryAfterMs ?? 1000)}.`;
    default:
      return sentence(error.message);
  }
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
