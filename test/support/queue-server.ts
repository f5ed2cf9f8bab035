/** A server on memory whose messages are queued, for tests that look at its pipeline from inside of the process. */
import { channel, contract, operatorCalls } from "busbar";
import { basic, queued, serve, silentLogger, type BusServer, type ServeOptions } from "busbar/server";
import { afterEach } from "vitest";
import { z } from "zod";

export const queueApp = contract({
  ...operatorCalls(["operator"]),
  "jobs/:id": channel({ message: z.object({ n: z.number() }), allow: { publish: ["operator"] } }),
});

export type QueueApp = typeof queueApp;

const servers: BusServer<QueueApp>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A message with a negative number fails, and is a dead letter at once. */
export async function startQueue(options: Partial<ServeOptions<QueueApp>> = {}): Promise<BusServer<QueueApp>> {
  const work = (message: { n: number }): { n: number } => {
    if (message.n < 0) throw new Error("negative");
    return { n: message.n * 2 };
  };
  const server = await serve(queueApp, {
    authenticate: basic({ otto: { password: "operator", roles: ["operator"] } }),
    logger: silentLogger,
    process: { "jobs/:id": queued(work, { attemptsMax: 1, onFailure: "skip" }) },
    ...options,
  });
  servers.push(server);
  return server;
}

/** Publish as the server, and say under which id the message was accepted. */
export async function accepted(server: BusServer<QueueApp>, n: number): Promise<string> {
  const receipt = await server.channel("jobs/1").publish({ n });
  if (receipt.stage !== "accepted") throw new Error(`it was ${receipt.stage}`);
  return receipt.message;
}
