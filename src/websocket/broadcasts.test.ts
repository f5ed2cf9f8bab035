import { describe, expect, it } from "vitest";
import { SocketGround, type SocketSetting } from "../../test/support/socket-ground.js";
import { MemoryTransport } from "../testing/memory-transport.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { broadcast } from "./web-socket.js";

/** Sockets of one kind, whose kernels take what they are given at once. */
function crowd(count: number, setting: SocketSetting = {}): { clock: VirtualClock; grounds: SocketGround[] } {
  const clock = new VirtualClock();
  const grounds: SocketGround[] = [];
  for (let index = 0; index < count; index++) {
    const transport = new MemoryTransport({ turns: clock, isPrompt: true });
    const [first] = grounds;
    grounds.push(new SocketGround({ ...setting, clock, transport, ...(first && { kind: first.kind }) }));
  }
  return { clock, grounds };
}

const writesOf = (grounds: readonly SocketGround[]): number[] =>
  grounds.map(({ transport }) => transport.writes.length);

describe("broadcasts of a turn", () => {
  it("are written once to each socket, as the very same bytes, turn after turn", () => {
    const { clock, grounds } = crowd(3);
    const sockets = new Set(grounds.map(({ socket }) => socket));
    for (const turn of [1, 2, 3]) {
      for (const message of ["one", "two"]) expect(broadcast(sockets, `${message} ${turn}`)).toEqual([]);
      clock.runTurn();
      expect(writesOf(grounds)).toEqual([turn, turn, turn]);
    }
    const all = ["text one 1", "text two 1", "text one 2", "text two 2", "text one 3", "text two 3"];
    expect(grounds.map(({ sent }) => sent)).toEqual([all, all, all]);
  });

  it("stand in their order among what is sent to one of the sockets", async () => {
    const { clock, grounds } = crowd(2);
    const sockets = grounds.map(({ socket }) => socket);
    broadcast(sockets, "one");
    const between = sockets[0]?.send("between");
    broadcast(sockets, "two");
    clock.runTurn();
    await between;
    expect(grounds.map(({ sent }) => sent)).toEqual([
      ["text one", "text between", "text two"],
      ["text one", "text two"],
    ]);
    expect(writesOf(grounds)).toEqual([1, 1]);
  });

  it("leave a socket out that has closed since the last turn", async () => {
    const { clock, grounds } = crowd(2);
    const sockets = grounds.map(({ socket }) => socket);
    broadcast(sockets, "one");
    clock.runTurn();
    grounds[1]?.transport.fail();
    await clock.settle();
    expect(broadcast(sockets, "two")).toEqual([sockets[1]]);
    clock.runTurn();
    expect(grounds.map(({ sent }) => sent)).toEqual([["text one", "text two"], ["text one"]]);
  });

  it("still leave for the others where one socket's write throws", () => {
    const { clock, grounds } = crowd(3);
    const transport = grounds[1]?.transport;
    if (transport === undefined) throw new Error("there are three");
    transport.write = () => {
      throw new Error("broken");
    };
    broadcast(new Set(grounds.map(({ socket }) => socket)), "to all");
    expect(() => clock.runTurn()).toThrow("broken");
    clock.runTurn();
    expect([grounds[0]?.sent, grounds[2]?.sent]).toEqual([["text to all"], ["text to all"]]);
  });
});
