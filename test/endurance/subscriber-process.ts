/** Readers that tell what they handle. They go on behind what the test says that they have handled before. */
import { connect } from "busbar/client";
import { app, user } from "./contract.js";
import { Batch, settings, tell, type SubscriberSettings, type SubscriberTold } from "./talk.js";
import type { Handling } from "./witness.js";

const { url, readers, reconnectDelayMs, reconnectDelayMsMax } = settings<SubscriberSettings>();
const handled = new Batch<Handling>((list) => tell<SubscriberTold>({ kind: "handled", list }));

for (const { name: reader, channels } of readers) {
  const bus = connect(url, {
    contract: app,
    auth: () => ({ scheme: "basic", ...user }),
    reconnectDelayMs,
    reconnectDelayMsMax,
  });
  let opened = 0;
  bus.on("open", () => {
    if (opened++ > 0) tell<SubscriberTold>({ kind: "reconnected" });
  });
  for (const [channel, from] of channels) {
    bus.channel(`log/${channel}`).subscribe(
      ({ data: { publisher, number }, gap, position }) => {
        handled.add({ reader, channel, position, publisher, number, hasGap: gap !== undefined });
      },
      {
        from: from ?? "start",
        onError: (error) => tell<SubscriberTold>({ kind: "failed", text: `${reader} in ${channel}: ${String(error)}` }),
      },
    );
  }
}
// Without the test there is nobody to read for.
process.once("disconnect", () => process.exit());
