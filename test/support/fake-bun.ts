/** Bun's TCP as a test wants it: its sockets take as much as they are let, and tell what the test says. */
import type {
  Bun,
  BunListenOptions,
  BunSocket,
  BunSocketHandlers,
  BunTcpListener,
} from "../../src/adapters/bun/bun.js";

type Handlers = BunSocketHandlers<unknown>;

export class FakeBunSocket implements BunSocket<unknown> {
  data: unknown;
  readonly remoteAddress: string | undefined;
  /** How many bytes the kernel has room for; below 0 it is gone. */
  room = Number.POSITIVE_INFINITY;
  readonly calls: string[] = [];
  readonly #handlers: Handlers;
  readonly #written: Uint8Array[] = [];

  constructor(handlers: Handlers, remoteAddress: string | undefined) {
    this.#handlers = handlers;
    this.remoteAddress = remoteAddress;
  }

  get written(): string {
    return Buffer.concat(this.#written).toString("latin1");
  }

  write(bytes: Uint8Array, offset = 0, length: number = bytes.length - offset): number {
    if (this.room < 0) return -1;
    const taken = Math.min(length, this.room);
    this.room -= taken;
    this.#written.push(Uint8Array.from(bytes.subarray(offset, offset + taken)));
    return taken;
  }

  pause(): void {
    this.calls.push("pause");
  }

  resume(): void {
    this.calls.push("resume");
  }

  shutdown(): void {
    this.calls.push("shutdown");
  }

  /** As Bun does it: told within the call, and an end behind it. */
  close(): void {
    this.calls.push("close");
    this.#handlers.close(this);
    this.#handlers.end(this);
  }

  receive(text: string): void {
    this.#handlers.data(this, Buffer.from(text));
  }

  drain(room: number): void {
    this.room = room;
    this.#handlers.drain(this);
  }

  end(): void {
    this.#handlers.end(this);
  }

  fail(error: Error): void {
    this.#handlers.error(this, error);
    this.#handlers.close(this, error);
  }

  cut(): void {
    this.#handlers.close(this);
  }

  failHandshake(error: Error | null): void {
    this.#handlers.handshake(this, false, error);
  }

  handshake(): void {
    this.#handlers.handshake(this, true, null);
  }
}

export class FakeBun implements Bun {
  isListening = false;
  /** What the listener was asked for, besides its handlers. */
  asked: Omit<BunListenOptions<never>, "socket"> | undefined;
  /** Thrown instead of listening. */
  failure: Error | undefined;
  #handlers: Handlers | undefined;

  listen<Data>({ socket, ...asked }: BunListenOptions<Data>): BunTcpListener {
    if (this.failure !== undefined) throw this.failure;
    this.asked = asked;
    this.#handlers = socket as unknown as Handlers;
    this.isListening = true;
    return {
      ...(asked.port !== undefined && { port: asked.port === 0 ? 4242 : asked.port }),
      stop: () => void (this.isListening = false),
    };
  }

  /** A peer connects. */
  connect(remoteAddress?: string): FakeBunSocket {
    if (this.#handlers === undefined) throw new Error("nobody listens");
    const socket = new FakeBunSocket(this.#handlers, remoteAddress);
    this.#handlers.open(socket);
    return socket;
  }
}
