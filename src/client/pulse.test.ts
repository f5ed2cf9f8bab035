import { expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { Pulse } from "./pulse.js";

function begin() {
  const clock = new VirtualClock();
  const told: string[] = [];
  const tell = (what: string) => () => void told.push(`${what} ${clock.now()}`);
  const pulse = new Pulse({ clock, pingAfterMs: 100, pongTimeoutMs: 10, ping: tell("ping"), onDead: tell("dead") });
  pulse.start();
  return { clock, pulse, told };
}

it("a server that says nothing is asked, and is dead when it stays silent", () => {
  const { clock, told } = begin();
  clock.advance(500);
  expect(told).toEqual(["ping 100", "dead 110"]);
  expect(clock.timerCount).toBe(0);
});

it("a server that says something is left alone until it has been silent again", () => {
  const { clock, pulse, told } = begin();
  clock.advance(60);
  pulse.heard();
  clock.advance(99);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual(["ping 160"]);
});

it("any word counts as an answer", () => {
  const { clock, pulse, told } = begin();
  clock.advance(105);
  pulse.heard();
  clock.advance(99);
  expect(told).toEqual(["ping 100"]);
  clock.advance(1);
  expect(told).toEqual(["ping 100", "ping 205"]);
});

it("a question can be asked at any time, and not twice at once", () => {
  const { clock, pulse, told } = begin();
  clock.advance(20);
  pulse.check();
  pulse.check();
  clock.advance(10);
  expect(told).toEqual(["ping 20", "dead 30"]);
});

it("a timer that runs late does not take an answer for silence", () => {
  const { clock, pulse, told } = begin();
  clock.advance(100);
  pulse.heard();
  clock.advance(1_000);
  expect(told.filter((what) => what.startsWith("dead"))).toEqual(["dead 210"]);
  pulse.stop();
  expect(clock.timerCount).toBe(0);
});
