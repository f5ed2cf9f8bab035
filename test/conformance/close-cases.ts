/** Section 7: the close handshake, its codes and its reasons. */
import { close, closed, echo, fragments, ping, text, type ConformanceCase } from "./case.js";
import { CLOSE, TEXT } from "./frames.js";

const big = "BAsd7&jh23".repeat(26_215);

const handshake: readonly ConformanceCase[] = [
  {
    id: "7.1.1",
    title: "a message, then a close",
    frames: [text("Hello World!"), close()],
    answers: [echo("Hello World!"), closed()],
  },
  { id: "7.1.2", title: "two closes", frames: [close(), close()], answers: [closed()] },
  { id: "7.1.3", title: "a ping behind a close", frames: [close(), ping("")], answers: [closed()] },
  { id: "7.1.4", title: "a text behind a close", frames: [close(), text("Hello World!")], answers: [closed()] },
  {
    id: "7.1.5",
    title: "a close between two fragments",
    frames: fragments(TEXT, "fragment1", "fragment2").flatMap((frame, index) =>
      index === 0 ? [frame, close()] : [frame],
    ),
    answers: [closed()],
  },
  {
    id: "7.1.6",
    title: "256 KiB, then a close, then a ping",
    frames: [text(big), close(), ping("")],
    answers: [echo(big), closed()],
  },
];

const payloads: readonly ConformanceCase[] = [
  { id: "7.3.1", title: "a close without payload", frames: [{ opcode: CLOSE }], answers: [closed()] },
  {
    id: "7.3.2",
    title: "a close of one byte",
    frames: [{ opcode: CLOSE, payload: "a" }],
    answers: [],
    failure: { code: "close/one-byte", at: { frame: 0, header: 1 } },
  },
  { id: "7.3.3", title: "a close with a code", frames: [close(1000)], answers: [closed(1000)] },
  { id: "7.3.4", title: "a close with a reason", frames: [close(1000, "Hello World!")], answers: [closed(1000)] },
  {
    id: "7.3.5",
    title: "a close with a reason of 123 bytes",
    frames: [close(1000, "*".repeat(123))],
    answers: [closed(1000)],
  },
  {
    id: "7.3.6",
    title: "a close with a reason of 124 bytes",
    frames: [close(1000, "*".repeat(124))],
    answers: [],
    failure: { code: "frame/control-too-long", at: { frame: 0, header: 1 } },
  },
  {
    id: "7.5.1",
    title: "a close with a reason that is not UTF-8",
    frames: [close(1000, Buffer.from("cebae1bdb9cf83cebcceb5eda080656469746564", "hex"))],
    answers: [],
    failure: { code: "close/reason-not-utf8", at: { frame: 0, payload: 14 } },
  },
  {
    id: "7.5.1b",
    title: "a close with a reason that ends within a character",
    frames: [close(1000, Buffer.from("ceba ceb5 ce".replaceAll(" ", ""), "hex"))],
    answers: [],
    failure: { code: "close/reason-not-utf8", at: { frame: 0, payload: 6 } },
  },
];

const mayTravel = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const mayNotTravel = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];

const codes: readonly ConformanceCase[] = [
  ...mayTravel.map((code, index) => ({
    id: `7.7.${index + 1}`,
    title: `code ${code}, which may be sent`,
    frames: [close(code)],
    answers: [closed(code)],
  })),
  ...mayNotTravel.map((code, index) => ({
    id: `7.9.${index + 1}`,
    title: `code ${code}, which may not be sent`,
    frames: [close(code, "reason")],
    answers: [],
    failure: { code: "close/invalid-code", at: { frame: 0, payload: 1 } } as const,
  })),
];

export const closeCases: readonly ConformanceCase[] = [...handshake, ...payloads, ...codes];
