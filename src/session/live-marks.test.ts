import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { LiveMarks } from "./live-marks.js";

const at = (offset: number, epoch = "e") => ({ epoch, offset });

describe("live marks", () => {
  let clock: VirtualClock;
  let marks: LiveMarks;
  beforeEach(() => {
    clock = new VirtualClock();
    marks = new LiveMarks(clock);
  });

  it("keep from where on a client could first read a channel, as long as its epoch lasts", () => {
    const ada = marks.enter("ada");
    expect(ada.get("a")).toBeUndefined();
    ada.note("a", at(5));
    ada.note("a", at(9));
    expect(ada.get("a")).toEqual(at(5));
    ada.note("a", at(1, "f"));
    expect(ada.get("a")).toEqual(at(1, "f"));
    ada.forget("a");
    expect(ada.get("a")).toBeUndefined();
  });

  it("are there again for a client that comes back within ten minutes, and not later", async () => {
    marks.enter("ada").note("a", at(5));
    marks.leave("ada");
    await clock.pass(599_999);
    expect(marks.enter("ada").get("a")).toEqual(at(5));
    marks.leave("ada");
    await clock.pass(600_000);
    expect(marks.enter("ada").get("a")).toBeUndefined();
  });

  it("stay while one of a client's sessions takes over from another", async () => {
    marks.enter("ada").note("a", at(5));
    marks.enter("ada");
    marks.leave("ada");
    await clock.pass(3_600_000);
    expect(marks.enter("ada").get("a")).toEqual(at(5));
  });

  it("are bounded: of clients those go who were away for longest, of channels the first", () => {
    marks.enter("ada").note("a", at(5));
    marks.leave("ada");
    for (let client = 1; client < 10_000; client++) marks.enter(`client ${client}`);
    expect(marks.enter("ada").get("a")).toEqual(at(5));
    marks.enter("one more");
    expect(marks.size).toBe(10_000);
    marks.leave("client 1");
    expect(marks.size).toBe(10_000);
    const bob = marks.enter("bob");
    for (let channel = 0; channel <= 256; channel++) bob.note(`c/${channel}`, at(channel));
    expect([bob.get("c/0"), bob.get("c/1")]).toEqual([undefined, at(1)]);
  });
});
