import type { Position, Stage } from "../wire/messages.js";
import type { Job } from "./job-store.js";
import { emittedOrigin } from "./message-id.js";
import type { Output } from "./pipeline.js";
import type { Produced } from "./production.js";
import { publisherOf } from "./publisher.js";

/** The message's own output first, then what was emitted with it. */
export function outputsOf(job: Job, produced: Produced, at: number): Output[] {
  if (produced.kind === "rejected") return [];
  const from = publisherOf(job.principal);
  const emitted = produced.emitted.map(({ channel, payload }, index) => {
    return {
      channel,
      message: { payload, from, at, origin: { ...emittedOrigin(job.id, index), firstSentAt: undefined } },
    };
  });
  if (produced.payload === undefined) return emitted;
  const origin = { ...job.origin, firstSentAt: undefined };
  return [{ channel: job.channel, message: { payload: produced.payload, from, at, origin } }, ...emitted];
}

/** How a job ends that this came out of. */
export function endOf(
  produced: Produced,
  isGroup: boolean,
): { kind: "delivered" | "dropped" } | { kind: "rejected"; reason: string } {
  if (produced.kind === "rejected") return { kind: "rejected", reason: JSON.stringify(produced.reason) ?? "null" };
  // What a group handled was delivered.
  return { kind: produced.payload === undefined && !isGroup ? "dropped" : "delivered" };
}

type Ended = Extract<Stage, { stage: "delivered" | "dropped" | "rejected" }>;

/** What is told of that end. `position`: where the message is; undefined where it is not known. */
export function endStageOf(produced: Produced, isGroup: boolean, position: Position | undefined): Ended {
  if (produced.kind === "rejected") return { stage: "rejected", reason: produced.reason };
  if (endOf(produced, isGroup).kind === "dropped") return { stage: "dropped" };
  return position === undefined ? { stage: "delivered" } : { stage: "delivered", position };
}
