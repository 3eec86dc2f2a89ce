import { expect, test } from "@jest/globals";
import { apiErrorOf } from "../../../operator/runtime/api-error.ts";

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
