/** Readers that go on reading: how long do messages take to their handlers? */
import { connect } from "busbar/client";
import { app, user } from "./contract.js";
import { settings, tell, type WatcherSettings, type WatcherTold } from "./talk.js";

const { url, count } = settings<WatcherSettings>();
const lasts = new Int32Array(count);
let delaysMs: number[] = [];
let numbers: number[] = [];
let reconnects = -count;
let faults = 0;

/** The same clock for all processes of a machine, finer than `Date.now()`. */
const nowMs = (): number => performance.timeOrigin + performance.now();

for (let index = 0; index < count; index++) {
  const bus = connect(url, { contract: app, auth: () => ({ scheme: "basic", ...user }) });
  bus.on("open", () => reconnects++);
  bus.channel("tick/shared").subscribe(
    ({ data, gap }) => {
      if (gap !== undefined || data.number !== (lasts[index] ?? 0) + 1) faults++;
      lasts[index] = data.number;
      delaysMs.push(nowMs() - data.sentMs);
      numbers.push(data.number);
    },
    { from: "start", onError: () => faults++ },
  );
}

process.on("message", () => {
  tell<WatcherTold>({ kind: "measured", delaysMs, numbers, least: Math.min(...lasts), reconnects, faults });
  delaysMs = [];
  numbers = [];
});
process.once("disconnect", () => process.exit());
