import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { canonicalQuantity, compareQuantities, isQuantity } from "../../../operator/api/quantity.ts";

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
  ])("%s: valid", (text) => {
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
  ])("%j: invalid", (text) => {
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
    ["0.2n", "0.1n"],
    ["9Ei", "8Ei"],
  ])("%s and %s: equal", (a, b) => {
    expect(compareQuantities(a, b)).toBe(0);
  });

  test.each([
    ["999m", "1"],
    ["1G", "1Gi"],
    ["1E", "1Ei"],
    ["-1", "0"],
    ["1n", "1u"],
    ["9007199254740992", "9007199254740993"],
  ])("%s and %s: the first is less", (a, b) => {
    expect(compareQuantities(a, b)).toBeLessThan(0);
    expect(compareQuantities(b, a)).toBeGreaterThan(0);
  });

  test("random integers as quantities: compared exactly, also with the suffix m", () => {
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

  test("a comparison with an invalid quantity: a RangeError", () => {
    expect(() => compareQuantities("1", "one")).toThrow(RangeError);
  });

  test.each([
    ["1", ["1000m", "1.0", "+1", "1e0", "10e-1", "1000000000n"]],
    ["500m", ["0.5", ".5", "500m", "5e-1"]],
    ["1500m", ["1.5", "1500m"]],
    ["1Gi", ["1Gi", "1024Mi", "1048576Ki", "1073741824"]],
    ["1536Mi", ["1.5Gi", "1536Mi"]],
    ["128M", ["128M", "125000Ki", "128e6"]],
    ["1000Mi", ["1000Mi", "1048576k"]],
    ["2k", ["2000", "2k"]],
    ["0", ["0", "-0", "0.000", "0Gi", "0e9"]],
    ["-1Ki", ["-1024", "-1Ki"]],
    ["1n", ["0.001n", "1e-12", "1n"]],
    ["-1n", ["-0.001n"]],
    ["9223372036854775807", ["8Ei", "9Ei"]],
    ["1000000000000E", ["1e30", "1000000000000E"]],
  ])("%s: the canonical text of every spelling of the amount", (canonical, spellings) => {
    expect(spellings.map((spelling) => canonicalQuantity(spelling))).toEqual(spellings.map(() => canonical));
  });

  test("random quantities: the canonical texts are equal if and only if the amounts are", () => {
    const suffix = fc.constantFrom("", "n", "u", "m", "k", "M", "Ki", "Mi", "Gi", "e3", "e-3", "E2");
    const digits = fc.stringMatching(/^[+-]?[0-9]{1,6}([.][0-9]{0,4})?$/);
    const quantity = fc.tuple(digits, suffix).map((parts) => parts.join(""));
    fc.assert(
      fc.property(quantity, quantity, (a, b) => {
        const [one, other] = [canonicalQuantity(a), canonicalQuantity(b)];
        expect(one === other).toBe(compareQuantities(a, b) === 0);
        expect(compareQuantities(a, one)).toBe(0);
        expect(canonicalQuantity(one)).toBe(one);
      }),
      { numRuns: 2000 },
    );
  });

  test("text that is no quantity: a RangeError instead of a canonical text", () => {
    expect(() => canonicalQuantity("1K")).toThrow(RangeError);
  });
});
