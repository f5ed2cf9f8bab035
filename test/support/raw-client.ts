import { once } from "node:events";
import { WebSocket } from "ws";

type Json = Record<string, unknown>;

/** A client of the wire on the npm `ws` package: it says what the test says, well-formed or not. */
export class RawClient {
  readonly socket: WebSocket;
  /** Messages that came and that nobody has asked for. */
  readonly #arrived: Json[] = [];
  /** Everything that came, in its order, where that was asked for. */
  readonly #all: Json[] | undefined;
  /** Whoever waits for a message to come. */
  readonly #waiting: (() => void)[] = [];
  #id = 0;
  /** Resolves with how the connection ended. */
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(socket: WebSocket, isRecording: boolean) {
    this.socket = socket;
    this.#all = isRecording ? [] : undefined;
    socket.on("message", (data: Buffer) => {
      const message: Json = JSON.parse(data.toString());
      this.#arrived.push(message);
      this.#all?.push(message);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        resolve({ code, reason: String(reason) });
        this.#wake();
      });
    });
    socket.on("error", () => undefined);
  }

  static async connect(url: string, options: RawOptions = {}): Promise<RawClient> {
    const { headers = {}, subprotocols = ["busbar.v1"] } = options;
    const socket = new WebSocket(url, [...subprotocols], { headers, perMessageDeflate: options.compression ?? false });
    const client = new RawClient(socket, options.isRecording ?? false);
    await once(socket, "open");
    return client;
  }

  /** Connect, and say hello with a name and a password. */
  static async login(url: string, username: string, password: string, options: RawOptions = {}): Promise<RawClient> {
    const client = await RawClient.connect(url, options);
    await client.ask({ do: "hello", auth: { scheme: "basic", username, password } });
    return client;
  }

  /** Send a command with the next id; returns the id. */
  send(command: Json): number {
    const id = ++this.#id;
    this.socket.send(JSON.stringify({ id, ...command }));
    return id;
  }

  /** Send a command and await its reply. Pushes that come before it stay for `next`. */
  ask(command: Json): Promise<Json> {
    const id = this.send(command);
    return this.next(({ re }) => re === id);
  }

  /** Await and take out the first message that fits. */
  async next(fits: (message: Json) => boolean = () => true): Promise<Json> {
    for (;;) {
      const index = this.#arrived.findIndex(fits);
      const [message] = index === -1 ? [] : this.#arrived.splice(index, 1);
      if (message !== undefined) return message;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("the connection closed before the message came");
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Await and take out the first push of this kind. */
  push(kind: string): Promise<Json> {
    return this.next(({ push }) => push === kind);
  }

  /** What came and was not asked for, after everything that the server sent until now is here. */
  async rest(): Promise<Json[]> {
    const pong = once(this.socket, "pong");
    this.socket.ping();
    await pong;
    return this.#arrived.splice(0);
  }

  /** What a client that `isRecording` got so far, in its order, also what was asked for. */
  get all(): readonly Json[] {
    return this.#all ?? [];
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Vanish without a close frame. */
  cut(): void {
    this.socket.terminate();
  }
}

export interface RawOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly subprotocols?: readonly string[];
  readonly compression?: boolean;
  /** Whether `all` is to be known. */
  readonly isRecording?: boolean;
}

/** Try to connect where a refusal is expected: the HTTP status and the headers of the answer. */
export async function refusal(url: string, options: RawOptions = {}): Promise<{ status: number; challenge: unknown }> {
  const socket = new WebSocket(url, [...(options.subprotocols ?? ["busbar.v1"])], { headers: options.headers ?? {} });
  socket.on("error", () => undefined);
  const [, response] = await once(socket, "unexpected-response");
  socket.terminate();
  return { status: response.statusCode, challenge: response.headers["www-authenticate"] };
}
