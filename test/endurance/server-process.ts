/** The server that is killed: it tells its port when it listens. */
import { basic, consoleLogger, serve } from "busbar/server";
import { app, user } from "./contract.js";
import { settings, tell, type ServerSettings, type ServerTold } from "./talk.js";

const { port, store } = settings<ServerSettings>();

const server = await serve(app, {
  host: "127.0.0.1",
  port,
  ...(store !== undefined && { store }),
  authenticate: basic({ [user.username]: { password: user.password, roles: ["member"] } }),
  logger: consoleLogger({ level: "warn" }),
});
tell<ServerTold>({ port: server.port ?? 0 });
