/** `npm start`: a chat in two browsers. */
import { BusbarError } from "busbar";
import { basic, serve } from "busbar/server";
import { app } from "./contract.js";
import { soften, unwelcomeWord } from "./moderation.js";
import { site } from "./site.js";
import { users } from "./users.js";

try {
  const server = await serve(app, {
    port: portFrom(process.env["PORT"]),
    store: process.env["DATA"] ?? "data/chat",
    http: site,
    authenticate: basic(users),
    process: {
      "chat/:room": ({ text }, context) => {
        const word = unwelcomeWord(text);
        return word === undefined ? { text: soften(text) } : context.reject(`“${word}” is not welcome in this chat.`);
      },
    },
  });
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      server.close().catch((error: unknown) => console.error(error));
    });
  }
  console.log(`
  The chat is at http://localhost:${server.port}

  Open it in two browsers and log in:
    ada    password: lovelace   reads and writes
    alan   password: turing     reads and writes
    grace  password: hopper     only reads
  Then pull the plug of one of them, write in the other, and see what happens.
  Or end this server with kill -9 and start it again: the rooms are as they were.

  Ctrl+C stops it. PORT=8081 npm start takes another port.
`);
} catch (error) {
  if (!(error instanceof BusbarError) || error.code !== "server/cannot-listen") throw error;
  console.error(`${error.message}. Take another port: PORT=8081 npm start`);
  process.exitCode = 1;
}

function portFrom(text = "8080"): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new BusbarError("server/cannot-listen", `there is no port "${text}"`);
}
