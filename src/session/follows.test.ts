import { beforeEach, describe, expect, it } from "vitest";
import { principal, SessionWorld, type Client } from "../../test/support/session-world.js";
import { wireError } from "../wire/errors.js";
import type { Stage } from "../wire/messages.js";
import type { FollowableMessages } from "./services.js";

/** Messages that are where the test says, and who follows them. */
class Messages implements FollowableMessages {
  readonly stages = new Map<string, Stage>();
  readonly listeners = new Map<string, Set<(stage: Stage) => void>>();
  /** What happens while a message is looked up. */
  meanwhile: () => void = () => {};

  async follow(
    id: string,
    listener: (stage: Stage) => void,
    mayFollow: (message: { readonly from: string; readonly channel: string }) => boolean,
  ): Promise<() => void> {
    await Promise.resolve();
    const stage = this.stages.get(id);
    if (stage === undefined || !mayFollow({ from: id.split(" ")[0] ?? "", channel: "bare/1" })) {
      throw wireError("message/unknown", "no message with this id is known");
    }
    const listeners = this.listeners.get(id) ?? new Set();
    this.listeners.set(id, listeners.add(listener));
    listener(stage);
    this.meanwhile();
    return () => void listeners.delete(listener);
  }

  moveTo(id: string, stage: Stage): void {
    this.stages.set(id, stage);
    for (const listener of this.listeners.get(id) ?? []) listener(stage);
  }

  followersOf(id: string): number {
    return this.listeners.get(id)?.size ?? 0;
  }
}

const error = (code: string, re: number) => expect.objectContaining({ re, error: expect.objectContaining({ code }) });
const follow = (message: string) => ({ do: "follow", message });

describe("a session that follows messages", () => {
  let messages: Messages;
  let client: Client;
  const open = async (limits = {}): Promise<void> => {
    const world = new SessionWorld(limits);
    messages = new Messages();
    for (const id of ["ada 1", "ada 2", "ada 3", "rob 1"]) messages.stages.set(id, { stage: "accepted" });
    client = world.connect(principal("ada", "member"), { messages });
    await client.ask({ do: "hello" });
  };
  beforeEach(() => open());

  it("is answered with where a message is, and told of each further stage until its end", async () => {
    expect(await client.ask(follow("ada 1"))).toEqual([{ re: 2, ok: { stage: "accepted" } }]);
    const rest: Stage[] = [
      { stage: "processing", attempt: 1 },
      { stage: "retrying", attempt: 1, dueAt: 7 },
      { stage: "processing", attempt: 2 },
      { stage: "dead" },
      { stage: "processing", attempt: 1 },
      { stage: "delivered", position: { epoch: "e", offset: 1 } },
    ];
    for (const stage of rest) messages.moveTo("ada 1", stage);
    expect(messages.followersOf("ada 1")).toBe(0);
    messages.moveTo("ada 2", { stage: "dropped" });
    expect(await client.settled()).toEqual(rest.map((stage) => ({ push: "stage", message: "ada 1", ...stage })));
  });

  it("is answered with the end of a message that has ended, and that is all", async () => {
    messages.stages.set("ada 1", { stage: "rejected", reason: { rule: 1 } });
    expect(await client.ask(follow("ada 1"))).toEqual([{ re: 2, ok: { stage: "rejected", reason: { rule: 1 } } }]);
    expect(messages.followersOf("ada 1")).toBe(0);
  });

  it("is told nothing of somebody else's message, not even that it exists", async () => {
    const [others] = await client.ask(follow("rob 1"));
    const [nobodys] = await client.ask(follow("nobody 1"));
    expect(others).toEqual({ ...nobodys, re: 2 });
    expect(nobodys).toEqual(error("message/unknown", 3));
    messages.moveTo("rob 1", { stage: "dropped" });
    expect(await client.settled()).toEqual([]);
  });

  it("is told each stage once, however often it asks", async () => {
    await client.ask(follow("ada 1"));
    expect(await client.ask(follow("ada 1"))).toEqual([{ re: 3, ok: { stage: "accepted" } }]);
    messages.moveTo("ada 1", { stage: "dropped" });
    expect(await client.settled()).toEqual([{ push: "stage", message: "ada 1", stage: "dropped" }]);
    expect(messages.followersOf("ada 1")).toBe(0);
  });

  it("follows no more messages than it may; the same one again is none more, and one that ended makes room", async () => {
    await open({ followsMax: 2 });
    await client.ask(follow("ada 1"));
    await client.ask(follow("ada 2"));
    expect(await client.ask(follow("ada 3"))).toEqual([error("subscription/too-many", 4)]);
    expect(await client.ask(follow("ada 2"))).toMatchObject([{ ok: {} }]);
    messages.moveTo("ada 1", { stage: "dropped" });
    await client.settled();
    expect(await client.ask(follow("ada 3"))).toMatchObject([{ ok: {} }]);
  });

  it("lets go of the oldest dead letter where there is no room for another message", async () => {
    await open({ followsMax: 2 });
    messages.stages.set("ada 1", { stage: "dead" });
    await client.ask(follow("ada 1"));
    await client.ask(follow("ada 2"));
    expect(await client.ask(follow("ada 3"))).toMatchObject([{ ok: {} }]);
    expect(messages.followersOf("ada 1")).toBe(0);
    messages.moveTo("ada 2", { stage: "dead" });
    await client.settled();
    expect(await client.ask(follow("ada 1"))).toMatchObject([{ ok: { stage: "dead" } }]);
    expect(messages.followersOf("ada 2")).toBe(0);
    // One that is processed again is dead no more.
    messages.moveTo("ada 1", { stage: "processing", attempt: 1 });
    await client.settled();
    expect(await client.ask(follow("ada 2"))).toEqual([error("subscription/too-many", 6)]);
  });

  it("follows nothing any more when it is over, also what it was just asking for", async () => {
    await client.ask(follow("ada 1"));
    messages.meanwhile = () => client.session.closed(1000);
    client.send(follow("ada 2"));
    await client.settled();
    expect([messages.followersOf("ada 1"), messages.followersOf("ada 2")]).toEqual([0, 0]);
    messages.meanwhile = () => {};
    messages.moveTo("ada 1", { stage: "dropped" });
    expect(await client.settled()).toEqual([]);
  });

  it("is told nothing of a message whose server looks it up when the session ends", async () => {
    client.send(follow("ada 1"));
    client.session.closed(1006);
    expect(await client.settled()).toEqual([]);
    expect(messages.followersOf("ada 1")).toBe(0);
  });
});
