/** `npm run orders`: orders that are accepted at once and booked in a database afterwards, by workers. */
import { basic, serve } from "busbar/server";
import { app } from "./contract.js";

const server = await serve(app, {
  port: Number(process.env["PORT"] ?? 8080),
  store: process.env["DATA"] ?? "data/orders",
  authenticate: basic({
    carla: { password: "clerk", roles: ["clerk"] },
    otto: { password: "operator", roles: ["operator", "clerk"] },
  }),
  process: new URL("processors.js", import.meta.url),
  workers: Number(process.env["WORKERS"] ?? 2),
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    server.close().catch((error: unknown) => console.error(error));
  });
}
console.log(`orders are taken at ${server.url}; workers: ${server.pipeline.workerPids.join(" ")}`);
process.send?.({ url: server.url, workers: server.pipeline.workerPids });
setInterval(() => process.send?.({ url: server.url, workers: server.pipeline.workerPids }), 100).unref();
