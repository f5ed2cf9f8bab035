/** `npm start`: a chat in two browsers. */
import { BusbarError } from "busbar";
import { basic, queued, serve } from "busbar/server";
import { app } from "./contract.js";
import { judge, mentioned, soften, unwelcomeWord } from "./moderation.js";
import { site } from "./site.js";
import { users } from "./users.js";

try {
  const server = await serve(app, {
    port: portFrom(process.env["PORT"]),
    store: process.env["DATA"] ?? "data/chat",
    http: site,
    authenticate: basic(users),
    process: {
      "chat/:room": ({ text }, { emit, params, principal, reject }) => {
        const word = unwelcomeWord(text);
        if (word !== undefined) return reject(`“${word}” is not welcome in this chat.`);
        const softened = soften(text);
        for (const user of mentioned(text)) {
          emit(`mentions/${user}`, { room: params.room, by: principal.id, text: softened });
        }
        return { text: softened };
      },
      // Taken at once, and judged afterwards. What cannot be judged is a dead letter.
      "reports/:room": queued(
        (report, { drop, emit, params }) => {
          emit(`chat/${params.room}`, { text: judge(report) });
          return drop();
        },
        { attemptsMax: 1, onFailure: "skip" },
      ),
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
    rosa   password: parks      reads, writes, and looks at reported messages
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
