import { expect, test } from "@jest/globals";
import { availableAtMs, exitText } from "../../../operator/core/health.ts";
import { at, crashing, pod, revision, running, startMs } from "./objects.ts";

const good = revision("app:1", 1, "accepted");

test.each([
  {
    name: "a pod was ready for longer than minReadySeconds: it became available in the past",
    more: { readinessSince: at(-20) },
    minReadyMs: 15_000,
    at: startMs - 5_000,
  },
  {
    name: "a pod was ready for less than minReadySeconds: it becomes available in the future",
    more: { readinessSince: at(-5) },
    minReadyMs: 15_000,
    at: startMs + 10_000,
  },
  {
    name: "a pod is not ready: it never becomes available",
    more: { ready: false, readinessSince: undefined },
    minReadyMs: 0,
    at: Infinity,
  },
  {
    name: "a pod is terminating: it never becomes available",
    more: { deleting: true },
    minReadyMs: 0,
    at: Infinity,
  },
])("$name", ({ more, minReadyMs, at: expected }) => {
  expect(availableAtMs(pod("a", good, more), minReadyMs)).toBe(expected);
});

test.each([
  { container: crashing("cannot open /data"), text: "exit code 1" },
  { container: running(), text: "no exit was recorded" },
  {
    container: { ...running(), terminated: { reason: "OOMKilled", exitCode: 137, message: "", at: at(0) } },
    text: "OOMKilled",
  },
])("a container exits: its exit text has the exit code, and no log output", ({ container, text }) => {
  expect(exitText(container)).toBe(text);
});
