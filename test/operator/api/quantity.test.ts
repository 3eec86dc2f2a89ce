import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { compareQuantities, isQuantity } from "../../../operator/api/quantity.ts";

describe("a quantity", () => {
  test.each([
    "0",
    "1",
    "+1",
    "-1",
    "1.5",
    "1.",
    ".5",
    "100m",
    "1n",
    "1u",
    "1k",
    "1M",
    "1Ki",
    "1.5Gi",
    "1E",
    "1e3",
    "1E-3",
    "12e+2",
  ])("may be written %s", (text) => {
    expect(isQuantity(text)).toBe(true);
  });

  test.each([
    "",
    " ",
    "x",
    "1x",
    "1 Gi",
    "1gi",
    "1K",
    "1kB",
    "1mi",
    "--1",
    "1e",
    "1.2.3",
    ".",
    "0x10",
    "1_000",
    "Infinity",
    "NaN",
  ])("may not be written %j", (text) => {
    expect(isQuantity(text)).toBe(false);
  });

  test.each([
    ["1000m", "1"],
    ["1Ki", "1024"],
    ["1e3", "1k"],
    ["0.5Gi", "512Mi"],
    ["1000000n", "1m"],
    ["-0", "0"],
    ["0.1", "100m"],
  ])("%s is the same as %s", (a, b) => {
    expect(compareQuantities(a, b)).toBe(0);
  });

  test.each([
    ["999m", "1"],
    ["1G", "1Gi"],
    ["1E", "1Ei"],
    ["-1", "0"],
    ["1n", "1u"],
    ["9007199254740992", "9007199254740993"],
  ])("%s is less than %s", (a, b) => {
    expect(compareQuantities(a, b)).toBeLessThan(0);
    expect(compareQuantities(b, a)).toBeGreaterThan(0);
  });

  test("is compared as the number of thousandths that it is", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        (a, b) => {
          const order = Number(a > b) - Number(a < b);
          expect(Math.sign(compareQuantities(`${a}m`, `${b}m`))).toBe(order);
          expect(Math.sign(compareQuantities(`${a}`, `${b * 1000n}m`))).toBe(order);
        },
      ),
    );
  });

  test("is not compared with what is none", () => {
    expect(() => compareQuantities("1", "one")).toThrow(RangeError);
  });
});
