import { describe, expect, test } from "@jest/globals";
import { isDeepStrictEqual } from "node:util";
import { assert, jsonValue, property } from "fast-check";
import { isEqual } from "../../../operator/runtime/equal.ts";

describe("comparing two values", () => {
  test.each<{ name: string; a: unknown; b: unknown; equal: boolean }>([
    { name: "the same keys in another order", a: { a: 1, b: [2] }, b: { b: [2], a: 1 }, equal: true },
    { name: "a list and an object with the same keys", a: ["a"], b: { 0: "a" }, equal: false },
    { name: "a missing key and an undefined one", a: {}, b: { a: undefined }, equal: false },
    { name: "another missing key", a: { a: undefined }, b: { b: undefined }, equal: false },
    { name: "an inherited key", a: { toString: 1 }, b: { a: 1 }, equal: false },
    { name: "items in another order", a: [1, 2], b: [2, 1], equal: false },
    { name: "null and an empty object", a: null, b: {}, equal: false },
    { name: "a number and its text", a: 1, b: "1", equal: false },
    { name: "twice no number", a: Number.NaN, b: Number.NaN, equal: true },
  ])("$name: equal is $equal", ({ a, b, equal }) => {
    expect([isEqual(a, b), isEqual(b, a)]).toEqual([equal, equal]);
  });

  test("any two values of JSON: as isDeepStrictEqual finds", () => {
    const value = jsonValue({ maxDepth: 2 });
    assert(
      property(value, value, (a, b) => {
        const copy: unknown = JSON.parse(JSON.stringify(a));
        expect(isEqual(a, b)).toBe(isDeepStrictEqual(a, b));
        expect(isEqual(copy, structuredClone(copy))).toBe(true);
      }),
    );
  });
});
