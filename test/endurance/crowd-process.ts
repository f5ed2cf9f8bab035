/** Very many clients, each with a reader that writes down what it handles. */
import { connect } from "busbar/client";
import { app, user } from "./contract.js";
import { settings, tell, type CrowdAsked, type CrowdSettings, type CrowdTold } from "./talk.js";

const { url, count, reconnectDelayMsMax } = settings<CrowdSettings>();
const delays = reconnectDelayMsMax === undefined ? {} : { reconnectDelayMsMax };

const complaints: string[] = [];
const lists: number[][] = [];
const opens: number[] = [];
const closes: number[] = [];
let handled = 0;
let opened = 0;
let madeUpFor = 0;

for (let index = 0; index < count; index++) {
  const bus = connect(url, { contract: app, auth: () => ({ scheme: "basic", ...user }), ...delays });
  const list: number[] = [];
  lists.push(list);
  let openedAtMs = Number.POSITIVE_INFINITY;
  let isOpen = false;
  bus.on("open", () => {
    opened++;
    openedAtMs = Date.now();
    opens.push(openedAtMs);
    isOpen = true;
  });
  bus.on("state", ({ state }) => {
    if (state === "offline" && isOpen) closes.push(Date.now());
    if (state === "offline") isOpen = false;
  });
  bus.on("gap", ({ position }) => complaints.push(`reader ${index}: a gap before ${position.offset}`));
  bus.channel("log/jitter").subscribe(
    ({ data, at }) => {
      list.push(data.number);
      handled++;
      if (at < openedAtMs) madeUpFor++;
    },
    { from: "start", onError: (error) => complaints.push(`reader ${index}: ${String(error)}`) },
  );
}

process.on("message", (asked: CrowdAsked) => {
  if (asked === "report") return tell<CrowdTold>({ kind: "report", lists, complaints, opens, closes });
  const least = Math.min(...lists.map(({ length }) => length));
  tell<CrowdTold>({ kind: "progress", handled, opened, madeUpFor, least });
});
process.once("disconnect", () => process.exit());
