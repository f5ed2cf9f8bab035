import { channel, contract } from "busbar";
import { connect } from "busbar/client";
import { basic, serve, silentLogger } from "busbar/server";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";

const message = z.object({ text: z.string() });
const app = contract({
  "orders/:id": channel({ message, allow: { subscribe: ["member"], publish: ["member"] } }),
  log: channel({ message }),
});

it("what is published together keeps its order, whether a message's processor emits something beside it or not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "busbar-"));
  const server = await serve(app, {
    host: "127.0.0.1",
    authenticate: basic({ ada: { password: "difference", roles: ["member"] } }),
    logger: silentLogger,
    store: folder,
    process: {
      "orders/:id": async (order, { emit }) => {
        if (Number(order.text) % 3 === 0) emit("log", order);
        return order;
      },
    },
  });
  const auth = () => ({ scheme: "basic", username: "ada", password: "difference" }) as const;
  const bus = connect<typeof app>(server.url ?? "", { auth });
  const orders = bus.channel("orders/1");
  const texts = Array.from({ length: 50 }, (_, index) => `${index}`);
  await Promise.all(texts.map((text) => orders.publish({ text })));
  const seen: string[] = [];
  for await (const { data } of orders.messages({ from: "start" })) if (seen.push(data.text) === texts.length) break;
  expect(seen).toEqual(texts);
  bus.close();
  await server.close();
  await rm(folder, { recursive: true });
});
