/** A worker that attaches to a server on this machine. */
import { work } from "busbar/worker";
import { app, process as processors } from "./orders.mjs";

const { WORKER_KEY: key = "", WORKER_PORT: port, WORKER_URL: url = `ws://127.0.0.1:${port}` } = process.env;
await work(app, { url, key, process: processors });
process.send?.("attached");
