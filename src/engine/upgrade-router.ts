import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { takenTransportOf } from "../adapters/node/handle-stream.js";
import { NodeTransport } from "../adapters/node/transport.js";
import { BusbarError } from "../kernel/errors.js";
import { HeaderMap } from "../protocol/header-map.js";
import type { SocketHost } from "./socket-host.js";

type UpgradeListener = (request: IncomingMessage, socket: Socket, early: Uint8Array) => void;

/** What is needed of an HTTP server: those of `node:http` and `node:https` have it, and whatever is built on them. */
export interface UpgradeSource {
  on(event: "upgrade", listener: UpgradeListener): unknown;
  off(event: "upgrade", listener: UpgradeListener): unknown;
  listenerCount(event: "upgrade"): number;
  /** Whether nobody else needs the sockets that are upgraded. Default: false, as with servers that others look after. */
  readonly givesSocketsAway?: boolean;
}

/** One for each HTTP server that anything is attached to. */
const routers = new WeakMap<UpgradeSource, UpgradeRouter>();

/** Brings the upgrades of one HTTP server to whoever is attached for their path. */
export class UpgradeRouter {
  readonly #source: UpgradeSource;
  /** By path; undefined for the one that takes what is left. */
  readonly #hosts = new Map<string | undefined, SocketHost>();

  private constructor(source: UpgradeSource) {
    this.#source = source;
  }

  static of(source: UpgradeSource): UpgradeRouter {
    const router = routers.get(source) ?? new UpgradeRouter(source);
    routers.set(source, router);
    return router;
  }

  /**
   * Send the upgrades of a path to a host; those of all paths that nobody else has, where it is undefined.
   *
   * @returns the function that ends it.
   * @throws BusbarError `server/path-taken`.
   */
  add(path: string | undefined, host: SocketHost): () => void {
    if (this.#hosts.has(path)) {
      throw new BusbarError("server/path-taken", `${path ?? "every path"} of this HTTP server has WebSockets already`);
    }
    if (this.#hosts.size === 0) this.#source.on("upgrade", this.#onUpgrade);
    this.#hosts.set(path, host);
    return () => {
      if (this.#hosts.get(path) !== host) return;
      this.#hosts.delete(path);
      if (this.#hosts.size === 0) this.#source.off("upgrade", this.#onUpgrade);
    };
  }

  /** Which host an upgrade is for. Where it is nobody's, anyone refuses it, unless others listen who may know it. */
  #hostOf(path: string): SocketHost | undefined {
    const host = this.#hosts.get(path) ?? this.#hosts.get(undefined);
    if (host !== undefined || this.#source.listenerCount("upgrade") > 1) return host;
    return this.#hosts.values().next().value;
  }

  readonly #onUpgrade: UpgradeListener = ({ httpVersion, method = "", rawHeaders, url = "/" }, socket, early) => {
    const host = this.#hostOf(url.split("?", 1)[0] ?? url);
    const head = { method, target: url, httpVersion, headers: new HeaderMap(rawHeaders) };
    const taken = this.#source.givesSocketsAway === true ? takenTransportOf(socket) : undefined;
    host?.upgrade(taken ?? new NodeTransport(socket), head, early);
  };
}
