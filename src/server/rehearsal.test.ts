import { expect, it } from "vitest";
import { app, users } from "../../test/support/bus-ground.js";
import { basic } from "../engine/passwords.js";
import { Rehearsal } from "./rehearsal.js";

const auth = (username: keyof typeof users) => () =>
  ({ scheme: "basic", username, password: users[username].password }) as const;

/** What a reader sees while the network is cut again and again, and when. */
async function story(seed: number): Promise<unknown[]> {
  const rehearsal = new Rehearsal(app, { authenticate: basic(users), seed });
  const { clock, network } = rehearsal;
  network.latencyMsMax = 40;
  const [ada, bob] = [rehearsal.connect({ auth: auth("ada") }), rehearsal.connect({ auth: auth("bob") })];
  const seen: unknown[] = [];
  bob
    .channel("chat/lobby")
    .subscribe(({ data, position }) => void seen.push([data.text, position.offset, clock.now()]), { from: "start" });
  const receipts: Promise<unknown>[] = [];
  for (let count = 0; count < 20; count++) {
    receipts.push(ada.channel("chat/lobby").publish({ text: `${count}` }));
    await clock.pass(200);
    if (count % 4 === 3) network.cut();
  }
  receipts.push(rehearsal.publish("chat/lobby", { text: "the end" }));
  await clock.pass(60_000);
  await Promise.all(receipts);
  ada.close();
  bob.close();
  await clock.pass(60_000);
  expect(clock.timerCount).toBe(0);
  return seen;
}

it("runs server and clients through cuts, each message once and in order", async () => {
  const texts = (await story(1)).map((item) => Object(item)[0]);
  expect(texts.toSorted()).toEqual([...Array.from({ length: 20 }, (_, count) => `${count}`), "the end"].toSorted());
  const numbers = texts.filter((text) => text !== "the end").map(Number);
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
});

it("is the same in every run with the same seed, to the millisecond, and another with another", async () => {
  expect(await story(7)).toEqual(await story(7));
  expect(await story(7)).not.toEqual(await story(8));
});

it("knows only the contract's channels", async () => {
  const rehearsal = new Rehearsal(app, { authenticate: [basic(users)] });
  // @ts-expect-error there is no such channel
  await expect(rehearsal.publish("nowhere", {})).rejects.toMatchObject({ code: "channel/unknown" });
});
