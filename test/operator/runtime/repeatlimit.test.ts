import { beforeEach, expect, test } from "@jest/globals";
import { RepeatLimit } from "../../../operator/runtime/repeatlimit.ts";
import { VirtualClock } from "../../sim/clock.ts";

let clock: VirtualClock;
let limit: RepeatLimit;
beforeEach(() => {
  clock = new VirtualClock();
  limit = new RepeatLimit(clock);
});

/** Counts writes of the same content. Returns how many of them are allowed. */
const take = (count: number, content = "a"): number =>
  Array.from({ length: count }, () => limit.take("Service/team/web", content)).filter(
    ({ isAllowed }) => isAllowed,
  ).length;

test("the same write again and again: five at once, then one a minute", () => {
  expect(take(20)).toBe(5);
  for (let minute = 0; minute < 10; minute += 1) {
    clock.jump(60_000);
    expect(take(20)).toBe(1);
  }
});

test("the fifth write of a burst and all later ones are contested, also the allowed ones", () => {
  const contested = (): boolean => limit.take("Service/team/web", "a").isContested;
  expect([contested(), contested(), contested(), contested()]).toEqual([false, false, false, false]);
  expect([contested(), contested()]).toEqual([true, true]);
  clock.jump(60_000);
  expect(contested()).toBe(true);
});

test("a pause of five minutes, other content, another object, or a new object of the name: not limited", () => {
  take(20);
  clock.jump(300_000);
  expect(take(20)).toBe(5);
  expect(take(20, "b")).toBe(5);
  expect(limit.take("Service/team/other", "b").isAllowed).toBe(true);
  limit.forget("Service/team/web");
  expect(take(20, "b")).toBe(5);
});
