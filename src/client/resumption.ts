import { cursorsMax } from "../wire/command-codec.js";
import { wireError, wireErrorFrom } from "../wire/errors.js";
import type { CursorRequest } from "../wire/messages.js";
import type { Connection } from "./connection.js";
import { byteLength } from "./encoder.js";
import type { Outcome } from "./request-table.js";

/** What begins a subscription on a new connection. */
export interface Resumable {
  takeCursor(): CursorRequest | undefined;
  resumed(outcome: Outcome<"subscribe">): void;
}

interface Taken {
  readonly feed: Resumable;
  readonly cursor: CursorRequest;
}

/** What a `resume` takes beside its cursors. */
const ENVELOPE_BYTES = 64;

/** Begin all subscriptions that are wanted in one command, or in as few as they fit into. */
export function resumeAll(
  feeds: Iterable<Resumable>,
  connection: Pick<Connection, "request">,
  commandBytesMax: number,
): void {
  let group: Taken[] = [];
  let bytes = ENVELOPE_BYTES;
  for (const feed of feeds) {
    const cursor = feed.takeCursor();
    if (cursor === undefined) continue;
    const cursorBytes = byteLength(JSON.stringify(cursor)) + 1;
    if (group.length === cursorsMax || (group.length > 0 && bytes + cursorBytes > commandBytesMax)) {
      resume(group, connection);
      group = [];
      bytes = ENVELOPE_BYTES;
    }
    group.push({ feed, cursor });
    bytes += cursorBytes;
  }
  if (group.length > 0) resume(group, connection);
}

function resume(group: readonly Taken[], connection: Pick<Connection, "request">): void {
  connection.request({ do: "resume", cursors: group.map(({ cursor }) => cursor) }, (outcome) => {
    for (const [index, { feed }] of group.entries()) feed.resumed(outcomeOf(outcome, index));
  });
}

function outcomeOf(outcome: Outcome<"resume">, index: number): Outcome<"subscribe"> {
  if (outcome.kind !== "ok") return outcome;
  const answer = outcome.ok.cursors[index];
  if (answer === undefined) return { kind: "refused", error: wireError("wire/malformed", "an answer is missing") };
  return "error" in answer ? { kind: "refused", error: wireErrorFrom(answer.error) } : { kind: "ok", ok: answer };
}
