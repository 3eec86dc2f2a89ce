import { expect, test } from "@jest/globals";
import { FairLimit } from "../../../operator/runtime/fairlimit.ts";

/** Adds items like "a1" of the address "a" to a limit of 3. Returns the evicted items, in order. */
const evictedBy = (...items: readonly string[]): readonly string[] => {
  const evicted: string[] = [];
  const limit = new FairLimit<string>(3, (item) => evicted.push(item));
  for (const item of items) limit.add(item, item.slice(0, 1));
  expect(limit.size).toBe(Math.min(3, items.length));
  return evicted;
};

test("up to the limit: no item is evicted", () => {
  expect(evictedBy("a1", "a2", "b1")).toEqual([]);
});
test("the busiest address adds more: its own oldest items are evicted", () => {
  expect(evictedBy("b1", "a1", "a2", "a3", "a4")).toEqual(["a1", "a2"]);
});
test("another address adds one: the oldest item of the busiest address is evicted", () => {
  expect(evictedBy("a1", "a2", "a3", "b1")).toEqual(["a1"]);
});
test("every address has one item: the oldest item is evicted", () => {
  expect(evictedBy("a1", "b1", "c1", "d1")).toEqual(["a1"]);
});
test("a removed item: doesn't count any more", () => {
  const evicted: string[] = [];
  const limit = new FairLimit<string>(1, (item) => evicted.push(item));
  limit.add("a1", "a");
  limit.delete("a1");
  limit.add("a2", "a");
  expect(evicted).toEqual([]);
});
