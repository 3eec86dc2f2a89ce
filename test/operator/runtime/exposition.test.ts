import { expect, test } from "@jest/globals";
import { metricOf, parseSample } from "../../../operator/runtime/exposition.ts";

const sample = (name: string, value: number, labels: Record<string, string> = {}) => ({
  name,
  labels,
  value,
});

test.each([
  ["up 1", sample("up", 1)],
  ["up\t1", sample("up", 1)],
  ["up 1 1700000000000", sample("up", 1)],
  ["up{} 1", sample("up", 1)],
  ['requests{code="200"} 12', sample("requests", 12, { code: "200" })],
  ['requests{code="200",route="/"} 1e3', sample("requests", 1000, { code: "200", route: "/" })],
  ['requests{code="200", route="/",} 1', sample("requests", 1, { code: "200", route: "/" })],
  ['requests { code = "200" } 1', undefined],
  ['requests{ code = "200" } 1', sample("requests", 1, { code: "200" })],
  [String.raw`requests{text="a\"b\\c\nd\x"} 1`, sample("requests", 1, { text: 'a"b\\c\nd\\x' })],
  ['requests{text="}, x 2"} 1', sample("requests", 1, { text: "}, x 2" })],
  ['bucket{le="+Inf"} +Inf', sample("bucket", Infinity, { le: "+Inf" })],
  ["requests -Inf", sample("requests", -Infinity)],
  ["requests NaN", sample("requests", NaN)],
  ["job:requests:rate5m 0.5", sample("job:requests:rate5m", 0.5)],
  ["requests", undefined],
  ["requests ", undefined],
  ["requests one", undefined],
  ["requests 1 2 3", undefined],
  ['requests{code="200" 1', undefined],
  ['requests{code="200} 1', undefined],
  ["requests{code=200} 1", undefined],
  ['requests{code="200"}1', undefined],
  ["<html>", undefined],
  ['{"requests", code="200"} 1', undefined],
])("the line %j", (line, expected) => {
  expect(parseSample(line)).toEqual(expected);
});

test("a label with the name of a property of objects is a label like others", () => {
  const { labels } = parseSample('requests{__proto__="x",constructor="y"} 1') ?? {};
  expect(Object.entries(labels ?? {})).toEqual([
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
});

test.each([
  ["# TYPE requests_total counter", "requests_total"],
  ["# HELP requests_total Requests.", undefined],
  ["# a comment", undefined],
  ["", undefined],
  ['requests_total{code="200"} 1', "requests_total"],
])("the metric of the line %j", (line, expected) => {
  expect(metricOf(line)).toBe(expected);
});
