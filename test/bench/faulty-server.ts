/** Servers that do to one message what a benchmark must not take for work: drop it, change it, send it twice. */
import { serve, type ServerSocket } from "../../src/engine/index.js";
import type { WebSocketServer } from "../../src/engine/web-socket-server.js";

export type Fault =
  | "none"
  | "drops"
  | "drops all from there on"
  | "swaps"
  | "doubles"
  | "changes a byte"
  | "changes the number"
  | "cuts"
  | "lengthens";

/** The message with this number is the one that something is done to. */
const FAULTY = 20;

const settings = { keepalive: false, origins: "any", host: "127.0.0.1" } as const;

/** Hands one receiver's messages on, with a fault in one of them. */
class FaultyWay {
  readonly #fault: Fault;
  readonly #send: (text: string) => void;
  #count = 0;
  #kept: string | undefined;

  constructor(fault: Fault, send: (text: string) => void) {
    this.#fault = fault;
    this.#send = send;
  }

  take(text: string): void {
    const number = this.#count++;
    if (this.#kept !== undefined) {
      this.#send(text);
      this.#send(this.#kept);
      this.#kept = undefined;
    } else if (number === FAULTY || (number > FAULTY && this.#fault === "drops all from there on"))
      this.#takeFaulty(text);
    else this.#send(text);
  }

  #takeFaulty(text: string): void {
    switch (this.#fault) {
      case "none":
        this.#send(text);
        return;
      case "drops":
      case "drops all from there on":
        return;
      case "swaps":
        this.#kept = text;
        return;
      case "doubles":
        this.#send(text);
        this.#send(text);
        return;
      case "changes a byte":
        this.#send(`${text.slice(0, -10)}#${text.slice(-9)}`);
        return;
      case "changes the number":
        this.#send(text.replace(/~\d{12}/, `~${"7".repeat(12)}`));
        return;
      case "cuts":
        this.#send(text.slice(0, -1));
        return;
      case "lengthens":
        this.#send(`${text}x`);
        return;
    }
  }
}

function send(socket: ServerSocket, text: string): void {
  socket.send(text).catch(() => {
    // The load generator ends the connection where it finds the fault.
  });
}

/** Echoes; each connection's messages have the fault. */
export async function echoing(fault: Fault, compression: boolean): Promise<WebSocketServer> {
  return serve(
    (socket) => {
      const way = new FaultyWay(fault, (text) => {
        send(socket, text);
      });
      socket.on("message", (message) => {
        way.take(String(message));
      });
    },
    { ...settings, compression },
  );
}

/** Sends each message to everybody; to one alone it comes with the fault. */
export async function fanningOut(fault: Fault, compression: boolean): Promise<WebSocketServer> {
  const ways: FaultyWay[] = [];
  return serve(
    (socket) => {
      ways.push(
        new FaultyWay(ways.length === 3 ? fault : "none", (text) => {
          send(socket, text);
        }),
      );
      socket.on("message", (message) => {
        for (const way of ways) way.take(String(message));
      });
    },
    { ...settings, compression },
  );
}

/** Answers commands as a server of channels that has one log, whose messages come with the fault to whoever comes back. */
export async function resuming(fault: Fault): Promise<WebSocketServer> {
  const log: string[] = [];
  const ways = new Set<FaultyWay>();
  return serve(
    (socket) => {
      const push = (text: string): void => {
        send(socket, `{"push":"message","channel":"bench/000000","offset":1,"data":"${text}","from":"load","at":0}`);
      };
      socket.on("message", (message) => {
        const command = JSON.parse(String(message));
        const from: number | undefined = command.cursors?.[0]?.from?.offset;
        const position = { epoch: "e", offset: from ?? log.length };
        send(socket, JSON.stringify({ re: command.id, ok: { cursors: [{ position }] } }));
        if (command.do === "publish") {
          log.push(command.data);
          for (const way of ways) way.take(command.data);
        } else if (command.do === "resume") {
          const way = new FaultyWay(from === undefined ? "none" : fault, push);
          for (const text of log.slice(position.offset)) way.take(text);
          ways.add(way);
          socket.on("close", () => ways.delete(way));
        }
      });
    },
    { ...settings, subprotocols: ["busbar.v1"] },
  );
}
