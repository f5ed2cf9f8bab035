/** Runs the module that the first parameter names, and tells the parent when it is loaded and when it listens. */
import { Server } from "node:net";
import { pathToFileURL } from "node:url";

Server.prototype.listen = new Proxy(Server.prototype.listen, {
  apply(listen, /** @type {Server} */ server, parameters) {
    server.once("listening", () => process.send?.("listening"));
    return Reflect.apply(listen, server, parameters);
  },
});

await import(pathToFileURL(process.argv[2] ?? "").href);
process.send?.("loaded");
process.channel?.unref();
