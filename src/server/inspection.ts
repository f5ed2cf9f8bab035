import type { AddressInfo } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Contract } from "../contract/contract.js";
import { limitDefaults } from "../engine/options.js";
import type { Logger } from "../kernel/logger.js";
import { warn } from "./checklist.js";
import type { BusOptions } from "./options.js";

/** What is needed of an HTTP server to see where it listens. */
export interface Listening {
  readonly listening: boolean;
  address(): AddressInfo | string | null;
  once(event: "listening", listener: () => void): unknown;
}

export interface InspectionOptions<App> {
  readonly options: BusOptions<App>;
  readonly httpServer: Listening;
  readonly logger: Logger;
}

/** Hold a server against the checklist, now or when it listens, and warn of what it lacks. */
export function inspect<App extends Contract>(app: App, { httpServer, logger, options }: InspectionOptions<App>): void {
  const {
    acknowledge = [],
    authenticate,
    keepalive,
    limits = {},
    origins = "same",
    policy,
    store,
    trustProxy = [],
  } = options;
  const look = (): void => {
    const address = httpServer.address();
    const server = {
      contract: app,
      policy,
      authenticators: [authenticate].flat(),
      address: typeof address === "object" ? address?.address : undefined,
      hasTls: httpServer instanceof TlsServer,
      hasProxy: trustProxy.length > 0,
      hasStore: store !== undefined,
      hasKeepalive: keepalive !== false,
      origins,
      connectionsPerAddressMax: { ...limitDefaults, ...limits.socket }.connectionsPerAddressMax,
    };
    warn(server, acknowledge, logger);
  };
  if (httpServer.listening) look();
  else httpServer.once("listening", look);
}
