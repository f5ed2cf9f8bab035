import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkDeflateAnswer,
  formatDeflateAnswer,
  formatDeflateOffer,
  negotiateDeflate,
  type DeflateParameters,
  type DeflateWishes,
} from "./deflate-negotiation.js";
import { parseExtensions, type Extension } from "./header-list.js";

const all: DeflateParameters = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};
const anything: DeflateWishes = { noContextTakeover: false };

const extensionsOf = (value: string): readonly Extension[] => {
  const extensions = parseExtensions(value);
  if (extensions === undefined) throw new Error(`not a list of extensions: ${value}`);
  return extensions;
};

const answerTo = (offers: string, wishes = anything): DeflateParameters | undefined =>
  negotiateDeflate(extensionsOf(offers), wishes);

const checked = (answer: string, wishes = anything): (DeflateParameters | undefined)[] =>
  extensionsOf(answer).map((extension) => checkDeflateAnswer(extension, wishes));

const windowBits = [8, 9, 10, 11, 12, 13, 14, 15];

/** Values that are no window's size; those of undici CVE-2026-2229 among them. */
const wrongBits = ["0", "7", "16", "1000", "08", "010", "+9", "-9", "9.0", "1e1", "0x9", "a", "15a", "__proto__"];

describe("a server", () => {
  it.each<[string, Partial<DeflateParameters>]>([
    ["permessage-deflate", {}],
    ["permessage-deflate; client_max_window_bits", {}],
    ["permessage-deflate; client_max_window_bits=10", { clientMaxWindowBits: 10 }],
    ["permessage-deflate; server_max_window_bits=10", { serverMaxWindowBits: 10 }],
    ['permessage-deflate; server_max_window_bits="10"', { serverMaxWindowBits: 10 }],
    ["permessage-deflate; server_no_context_takeover", { serverNoContextTakeover: true }],
    ["permessage-deflate; client_no_context_takeover", { clientNoContextTakeover: true }],
    [
      "permessage-deflate; client_max_window_bits=8; server_max_window_bits=9; " +
        "client_no_context_takeover; server_no_context_takeover",
      {
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
        serverMaxWindowBits: 9,
        clientMaxWindowBits: 8,
      },
    ],
  ])("agrees to %s", (offer, parameters) => {
    expect(answerTo(offer)).toEqual({ ...all, ...parameters });
  });

  it.each(windowBits)("honours windows of %i bits, 8 among them", (bits) => {
    expect(answerTo(`permessage-deflate; server_max_window_bits=${bits}; client_max_window_bits=${bits}`)).toEqual({
      ...all,
      serverMaxWindowBits: bits,
      clientMaxWindowBits: bits,
    });
  });

  it.each([
    "unknown",
    "unknown=1",
    "Server_No_Context_Takeover",
    "__proto__",
    "constructor",
    "server_no_context_takeover=true",
    "client_no_context_takeover=1",
    "server_max_window_bits",
    "server_no_context_takeover; server_no_context_takeover",
    "client_no_context_takeover; client_no_context_takeover",
    "server_max_window_bits=10; server_max_window_bits=10",
    "client_max_window_bits; client_max_window_bits",
    "client_max_window_bits; client_max_window_bits=10",
    ...wrongBits.flatMap((bits) => [`server_max_window_bits=${bits}`, `client_max_window_bits=${bits}`]),
  ])("declines an offer with %s, and considers the next", (parameters) => {
    const offer = `permessage-deflate; ${parameters}`;
    expect(answerTo(offer)).toBeUndefined();
    expect(answerTo(`${offer}, permessage-deflate; server_max_window_bits=11`)).toEqual({
      ...all,
      serverMaxWindowBits: 11,
    });
  });

  it("takes the first of the offers that it can take", () => {
    const offers = "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits=9, permessage-deflate";
    expect(answerTo(offers)).toEqual({ ...all, clientMaxWindowBits: 9 });
  });

  it("does not compress where nothing fits", () => {
    expect(negotiateDeflate([], anything)).toBeUndefined();
    expect(answerTo("x-webkit-deflate-frame, permessage-bzip2, PERMESSAGE-DEFLATE")).toBeUndefined();
  });

  it("gives contexts up after each message where it wishes to, whatever was offered", () => {
    expect(answerTo("permessage-deflate", { noContextTakeover: true })).toEqual({
      ...all,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
    });
  });

  it("makes windows as small as it wishes to, and never larger than was offered", () => {
    const wishes = { ...anything, serverMaxWindowBits: 11, clientMaxWindowBits: 10 };
    const bits = (offer: string): (number | undefined)[] => {
      const parameters = answerTo(`permessage-deflate; ${offer}`, wishes);
      return [parameters?.serverMaxWindowBits, parameters?.clientMaxWindowBits];
    };
    expect(bits("client_max_window_bits")).toEqual([11, 10]);
    expect(bits("client_max_window_bits=12; server_max_window_bits=12")).toEqual([11, 10]);
    expect(bits("client_max_window_bits=9; server_max_window_bits=9")).toEqual([9, 9]);
  });

  it("asks for no smaller window of a client that did not say that it can make one", () => {
    expect(answerTo("permessage-deflate", { ...anything, clientMaxWindowBits: 9 })).toEqual(all);
  });

  it("leaves out of its answer what says nothing new", () => {
    expect(formatDeflateAnswer(all)).toBe("permessage-deflate");
    const parameters = { ...all, serverNoContextTakeover: true, clientMaxWindowBits: 14 };
    expect(formatDeflateAnswer(parameters)).toBe(
      "permessage-deflate; server_no_context_takeover; client_max_window_bits=14",
    );
  });
});

describe("a client", () => {
  it.each<[DeflateWishes, string]>([
    [anything, "permessage-deflate; client_max_window_bits"],
    [
      { noContextTakeover: true },
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits",
    ],
    [
      { noContextTakeover: false, serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
      "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10",
    ],
    [
      { noContextTakeover: false, serverMaxWindowBits: 15, clientMaxWindowBits: 15 },
      "permessage-deflate; client_max_window_bits",
    ],
  ])("that wishes %o offers %s", (wishes, offer) => {
    expect(formatDeflateOffer(wishes)).toBe(offer);
  });

  it.each(windowBits)("takes an answer with windows of %i bits", (bits) => {
    expect(checked(`permessage-deflate; server_max_window_bits=${bits}; client_max_window_bits=${bits}`)).toEqual([
      { ...all, serverMaxWindowBits: bits, clientMaxWindowBits: bits },
    ]);
  });

  it("takes contexts that are given up without its wish (RFC 7692, 7.1.1)", () => {
    expect(checked("permessage-deflate; server_no_context_takeover; client_no_context_takeover")).toEqual([
      { ...all, serverNoContextTakeover: true, clientNoContextTakeover: true },
    ]);
  });

  it.each([
    "permessage-bzip2",
    "permessage-deflate; unknown",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; server_no_context_takeover=1",
    "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
    ...wrongBits.map((bits) => `permessage-deflate; client_max_window_bits=${bits}`),
    ...wrongBits.map((bits) => `permessage-deflate; server_max_window_bits=${bits}`),
  ])("does not take the answer %s", (answer) => {
    expect(checked(answer)).toEqual([undefined]);
  });

  it("wants the contexts that it asked the server to give up confirmed, and gives up its own in any case", () => {
    const wishes = { noContextTakeover: true };
    expect(checked("permessage-deflate", wishes)).toEqual([undefined]);
    expect(checked("permessage-deflate; client_no_context_takeover", wishes)).toEqual([undefined]);
    expect(checked("permessage-deflate; server_no_context_takeover", wishes)).toEqual([
      { ...all, serverNoContextTakeover: true, clientNoContextTakeover: true },
    ]);
  });

  it("wants the window that it asked the server for, or a smaller one (RFC 7692, 7.1.2.1)", () => {
    const wishes = { ...anything, serverMaxWindowBits: 10 };
    expect(checked("permessage-deflate", wishes)).toEqual([undefined]);
    expect(checked("permessage-deflate; server_max_window_bits=11", wishes)).toEqual([undefined]);
    expect(checked("permessage-deflate; server_max_window_bits=10", wishes)).toEqual([
      { ...all, serverMaxWindowBits: 10 },
    ]);
    expect(checked("permessage-deflate; server_max_window_bits=9", wishes)).toEqual([
      { ...all, serverMaxWindowBits: 9 },
    ]);
  });

  it("keeps to the window of its own that it named", () => {
    const wishes = { ...anything, clientMaxWindowBits: 10 };
    expect(checked("permessage-deflate; client_max_window_bits=12", wishes)).toEqual([
      { ...all, clientMaxWindowBits: 10 },
    ]);
    expect(checked("permessage-deflate; client_max_window_bits=9", wishes)).toEqual([
      { ...all, clientMaxWindowBits: 9 },
    ]);
  });
});

describe("a client and a server", () => {
  it("agree on the same parameters, whatever each of them wishes", () => {
    const bits = fc.integer({ min: 8, max: 15 });
    const wishes = fc.record(
      { noContextTakeover: fc.boolean(), serverMaxWindowBits: bits, clientMaxWindowBits: bits },
      { requiredKeys: ["noContextTakeover"] },
    );
    fc.assert(
      fc.property(wishes, wishes, (clientWishes, serverWishes) => {
        const agreed = answerTo(formatDeflateOffer(clientWishes), serverWishes);
        expect(agreed).toBeDefined();
        if (agreed !== undefined) expect(checked(formatDeflateAnswer(agreed), clientWishes)).toEqual([agreed]);
      }),
    );
  });
});
