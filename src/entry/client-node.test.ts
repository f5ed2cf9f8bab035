import { afterEach, expect, it } from "vitest";
import { serve } from "../engine/serve.js";
import type { WebSocketServer } from "../engine/web-socket-server.js";
import { decodeCommand } from "../wire/command-codec.js";
import { WireError } from "../wire/errors.js";
import { encodeOk } from "../wire/server-message-codec.js";
import { connect } from "./client-node.js";

let server: WebSocketServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

it("a bus in Node says hello and publishes over the engine's socket", async () => {
  server = await serve(
    async (socket) => {
      for await (const text of socket) {
        const command = decodeCommand(String(text));
        if (command instanceof WireError) throw command;
        const principal = { id: "ada", roles: ["member"] };
        if (command.do === "hello") await socket.send(encodeOk<"hello">(command.id, { session: "s", principal }));
        else {
          const position = { epoch: "e", offset: 1 };
          await socket.send(encodeOk<"publish">(command.id, { stage: "delivered", position }));
        }
      }
    },
    { host: "127.0.0.1", port: 0, subprotocols: ["busbar.v1"] },
  );
  const bus = connect(String(server.url));
  const receipt = await bus.channel("a").publish(1);
  expect(receipt).toEqual({ stage: "delivered", position: { epoch: "e", offset: 1 } });
  expect(bus.principal).toEqual({ id: "ada", roles: ["member"] });
  bus.close();
});

it("an address that is none is refused at once", () => {
  expect(() => connect("localhost")).toThrow(expect.objectContaining({ code: "connection/invalid-url" }));
});
