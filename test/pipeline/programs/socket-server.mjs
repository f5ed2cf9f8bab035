/** A server that workers attach to over a Unix socket. */
import { basic, serve, silentLogger } from "busbar/server";
import { app } from "./orders.mjs";

const { WORKER_KEY: key = "", WORKER_SOCKET: path = "", STORE: store = "" } = process.env;
const server = await serve(app, {
  authenticate: basic({}),
  store,
  process: new URL("remote.mjs", import.meta.url),
  workers: { listen: { path }, key },
  logger: silentLogger,
});
/** @param {unknown} error */
const say = (error) => void process.send?.(String(error));
process.on("message", () => {
  server
    .channel("orders/1")
    .publish({ do: "work" })
    .then(async (receipt) => {
      if (receipt.stage !== "accepted") throw new Error(`it was ${receipt.stage}`);
      process.send?.(await server.pipeline.processed(receipt.message));
    })
    .catch(say);
});
process.send?.("listening");
