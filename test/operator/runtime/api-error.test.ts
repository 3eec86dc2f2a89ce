import { expect, test } from "@jest/globals";
import { ApiError, apiErrorOf } from "../../../operator/runtime/api-error.ts";
import { usedHeap } from "../../support/heap.ts";

const delayOf = (retryAfter: string | undefined): number | undefined =>
  apiErrorOf(503, "{}", retryAfter).retryAfterMs;

test("Retry-After in seconds, as a date, or unreadable: the delay in ms", () => {
  expect(delayOf("60")).toBe(60_000);
  const inAMinute = delayOf(new Date(Date.now() + 60_000).toUTCString()) ?? 0;
  expect(Math.round(inAMinute / 10_000)).toBe(6);
  expect(delayOf(new Date(0).toUTCString())).toBe(0);
  expect(delayOf("soon")).toBeUndefined();
  expect(delayOf(undefined)).toBeUndefined();
});

const statusWith = (message: string): string =>
  JSON.stringify({ kind: "Status", message, reason: "Invalid", details: { causes: [{ message }] } });

const invalid = 'Deployment.apps "web" is invalid: spec.template.spec.containers[0]';

test.each([
  {
    name: "a string",
    message: `${invalid}.name: Invalid value: "pass \\"word: x": must be a DNS label`,
    kept: `${invalid}.name: Invalid value: must be a DNS label`,
  },
  {
    name: "a number",
    message: `${invalid}.port: Invalid value: 99999: must be less`,
    kept: `${invalid}.port: Invalid value: must be less`,
  },
  {
    name: "an enumeration",
    message: `${invalid}.type: Unsupported value: "pass": supported values: "A", "B"`,
    kept: `${invalid}.type: Unsupported value: supported values: "A", "B"`,
  },
  {
    name: "two fields",
    message: `[a: Duplicate value: "pass", b: Not found: "word"]`,
    kept: "[a: Duplicate value, b: Not found]",
  },
  {
    name: "an object",
    message: `[${invalid}: Invalid value: {"a":["pass: }\\"word",{}]}: must be empty, b: Invalid value: []: no]`,
    kept: `[${invalid}: Invalid value: must be empty, b: Invalid value: no]`,
  },
  {
    name: "a value that contains the message of another problem",
    message: `a: Invalid value: "Invalid value: 5: pass": no`,
    kept: "a: Invalid value: no",
  },
  { name: "an object without an end", message: `x: Invalid value: {"a":"pass`, kept: "x: Invalid value …" },
  {
    name: "a Go value, whose end is not certain",
    message: `${invalid}: Invalid value: core.Lifecycle{PostStart:"pass"}: must be empty`,
    kept: `${invalid}: Invalid value …`,
  },
  {
    name: "a value of a wrong type",
    message: "failed to create typed patch object: .env[0].value: expected string, got &{pass}",
    kept: "failed to create typed patch object: .env[0].value: expected string",
  },
  { name: "a string without an end", message: `x: Invalid value: "pass`, kept: "x: Invalid value …" },
  {
    name: "an object by a rule of its CRD",
    message: 'DemoApp.demoapp.dev "a" is invalid: <nil>: Invalid value: true names end with a letter',
    kept: 'DemoApp.demoapp.dev "a" is invalid: <nil>: Invalid value: true names end with a letter',
  },
  { name: "no value", message: "exceeded quota: team", kept: "exceeded quota: team" },
])("the API server refuses $name: the error's message does not have the value", ({ message, kept }) => {
  expect(new ApiError(422, { message }).message).toBe(kept);
});

test.each([
  { body: "a Status with a long message and long causes", text: (long: string) => statusWith(long) },
  { body: "no JSON", text: (long: string) => long },
  { body: "JSON without an object", text: (long: string) => JSON.stringify(long) },
])("a response of 1 MB that has $body: its error keeps at most 4096 characters", ({ text }) => {
  const before = usedHeap();
  const errors = Array.from({ length: 50 }, (_, at) =>
    apiErrorOf(422, text(`${at} ${"x".repeat(1_000_000)}`.toUpperCase()), undefined),
  );
  expect(usedHeap() - before).toBeLessThan(5_000_000);
  expect(errors.every(({ message }) => message.length <= 4096)).toBe(true);
});
