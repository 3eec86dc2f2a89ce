import { beforeEach, expect, test } from "@jest/globals";
import { RepeatLimit } from "../../../operator/runtime/repeatlimit.ts";
import { VirtualClock } from "../../sim/clock.ts";

let clock: VirtualClock;
let limit: RepeatLimit;
beforeEach(() => {
  clock = new VirtualClock();
  limit = new RepeatLimit(clock);
});

const object = "Service/team/web";

/** Makes the same write as often as it is allowed, at most `count` times. Returns how often it was made. */
function write(count: number, content = "a"): number {
  let made = 0;
  for (; made < count && limit.isAllowed(object, content); made += 1) limit.count(object, content);
  return made;
}

test("the same write again and again: five at once, then one a minute", () => {
  expect(write(20)).toBe(5);
  for (let minute = 0; minute < 10; minute += 1) {
    clock.jump(60_000);
    expect(write(20)).toBe(1);
  }
});

test("contested from the fourth write of a burst on, without interruption, until two minutes after the last write", () => {
  write(3);
  expect(limit.isContested(object)).toBe(false);
  write(2);
  for (let i = 0; i < 40; i += 1) {
    expect(limit.isContested(object)).toBe(true);
    clock.jump(15_000);
    write(1);
  }
  clock.jump(120_000);
  expect(limit.isContested(object)).toBe(false);
});

test("a pause of five minutes, other content, another object, or a new object of the name: not limited", () => {
  write(20);
  clock.jump(300_000);
  expect(write(20)).toBe(5);
  expect(write(20, "b")).toBe(5);
  expect(limit.isAllowed("Service/team/other", "b")).toBe(true);
  limit.forget(object);
  expect(write(20, "b")).toBe(5);
});

test("two writers revert the same object in turns: each of the two writes is limited", () => {
  let made = 0;
  for (let i = 0; i < 20; i += 1) made += write(1, "a") + write(1, "b");
  expect(made).toBe(10);
});
