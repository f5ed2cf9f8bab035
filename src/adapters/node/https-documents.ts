import { get as getHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { get as getHttps } from "node:https";
import type { DocumentRequest, DocumentSource } from "../../auth/token-ports.js";
import { BusbarError } from "../../kernel/errors.js";

/** Documents over HTTP(S), each on a connection of its own: bounded in time and size, redirects not followed. */
export const httpsDocuments: DocumentSource = {
  async fetch(request) {
    const signal = AbortSignal.timeout(request.timeoutMs);
    try {
      return await read(await answerTo(request, signal), request.bytesMax);
    } catch (error) {
      const cause: unknown = signal.aborted ? signal.reason : error;
      if (cause instanceof BusbarError) throw cause;
      throw notFetched(request.url, cause instanceof Error ? cause.message : String(cause), cause);
    }
  },
};

function answerTo({ ca, url }: DocumentRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = { Accept: "application/jwk-set+json, application/json", "Accept-Encoding": "identity" };
  const options: RequestOptions = { agent: false, headers, signal };
  return new Promise((resolve, reject) => {
    const request = url.startsWith("https:")
      ? getHttps(url, { ...options, ...(ca !== undefined && { ca }) }, resolve)
      : getHttp(url, options, resolve);
    request.on("error", reject);
  });
}

async function read(answer: IncomingMessage, bytesMax: number): Promise<string> {
  const { headers, statusCode = 0 } = answer;
  const refuse = (why: string): never => {
    answer.destroy();
    throw new Error(why);
  };
  if (statusCode !== 200) refuse(`the status is ${statusCode}`);
  if (headers["content-encoding"] !== undefined) refuse("the answer is compressed");
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > bytesMax) refuse(`the answer is longer than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function notFetched(url: string, why: string, cause: unknown): BusbarError {
  return new BusbarError("auth/keys-not-fetched", `cannot fetch ${url}: ${why}`, { retryable: true, cause });
}
