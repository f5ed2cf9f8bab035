import { afterEach, describe, expect, it } from "vitest";
import { connect } from "../../src/entry/client-node.js";
import { BusGround, users, type App } from "../support/bus-ground.js";
import { CuttingProxy } from "../browser/cutting-proxy.js";

const ground = new BusGround();
const buses: { close(): void }[] = [];
afterEach(() => {
  for (const bus of buses.splice(0)) bus.close();
});

function join(url: string, name: keyof typeof users) {
  const auth = () => ({ scheme: "basic", username: name, password: users[name].password }) as const;
  const bus = connect<App>(url, { auth, reconnectDelayMs: 5, reconnectDelayMsMax: 20 });
  buses.push(bus);
  return bus;
}

/** The next `count` items of a reading, in one line each. */
async function take(reading: AsyncIterator<Item, undefined>, count: number): Promise<string[]> {
  const lines: string[] = [];
  while (lines.length < count) {
    const { done, value } = await reading.next();
    if (done === true) throw new Error(`the reading ended after ${lines.join(", ")}`);
    lines.push("data" in value ? `${value.from}: ${value.data.text}` : value.type);
  }
  return lines;
}
type Item =
  | { readonly type: "gap" }
  | { readonly type?: "message"; readonly from: string; readonly data: { text: string } };

describe("busbar's own client and server", () => {
  it("bring messages both ways and show who is there", async () => {
    const { url } = await ground.serve();
    const [ada, rob] = [join(url, "ada"), join(url, "rob")];
    const presence = rob.channel("chat/lobby").presence({ state: { name: "Rob" } });
    const reading = rob.channel("chat/lobby").messages({ from: "start" });
    const receipt = await ada.channel("chat/lobby").publish({ text: "hello" });
    expect(receipt).toMatchObject({ position: { offset: 1 } });
    expect(await take(reading, 1)).toEqual(["ada: hello"]);
    expect((await presence.next()).value).toMatchObject([{ id: "rob", state: { name: "Rob" } }]);
    await expect(rob.channel("chat/lobby").publish({ text: "x" })).rejects.toMatchObject({ code: "policy/denied" });
    await expect(ada.channel("chat/lobby").publish({ text: "" })).rejects.toMatchObject({ code: "message/invalid" });
  });

  it("refuse a wrong password for good", async () => {
    const { url } = await ground.serve();
    const bus = connect<App>(url, { auth: () => ({ scheme: "basic", username: "ada", password: "wrong" }) });
    buses.push(bus);
    await expect(bus.channel("chat/lobby").publish({ text: "x" })).rejects.toMatchObject({ code: expect.any(String) });
    expect(bus.state).toBe("closed");
  });

  it("make up for cuts: a reader sees everything once and in order", async () => {
    const { server, url } = await ground.serve();
    const proxy = await CuttingProxy.begin(Number(server.port));
    const reader = join(`${proxy.url}/bus`, "bob");
    const writer = join(url, "ada");
    const reading = reader.channel("chat/lobby").messages({ from: "start" });
    const expected: string[] = [];
    const seen: string[] = [];
    for (let round = 0; round < 5; round++) {
      for (let index = 0; index < 5; index++) {
        await writer.channel("chat/lobby").publish({ text: `${round}.${index}` });
        expected.push(`ada: ${round}.${index}`);
        if (index === 2) proxy.cut();
        if (index === 3) proxy.mend();
      }
      seen.push(...(await take(reading, 5)));
    }
    expect(seen).toEqual(expected);
    await proxy.close();
  });

  it("tell a reader what a restart of the server has lost, and go on", async () => {
    const { server, url } = await ground.serve();
    const bob = join(url, "bob");
    const reading = bob.channel("chat/lobby").messages({ from: "start" });
    await server.channel("chat/lobby").publish({ text: "before" });
    expect(await take(reading, 1)).toEqual(["server: before"]);
    await server.close({ retryAfterMs: 1 });
    const again = await ground.serve({ port: Number(server.port) });
    await again.server.channel("chat/lobby").publish({ text: "after" });
    const { value } = await reading.next();
    expect(value).toMatchObject({ data: { text: "after" }, gap: { position: { offset: 0 } } });
    expect(value?.gap).not.toHaveProperty("lost");
  });
});
