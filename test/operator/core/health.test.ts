import { expect, test } from "@jest/globals";
import { availableAtMs, exitText } from "../../../operator/core/health.ts";
import { at, crashing, pod, revision, running, startMs } from "./objects.ts";

const good = revision("app:1", 1, "accepted");

test.each([
  {
    name: "ready for long enough: since when",
    more: { readinessSince: at(-20) },
    minReadyMs: 15_000,
    at: startMs - 5_000,
  },
  {
    name: "ready, but not yet long enough",
    more: { readinessSince: at(-5) },
    minReadyMs: 15_000,
    at: startMs + 10_000,
  },
  {
    name: "not ready: never",
    more: { ready: false, readinessSince: undefined },
    minReadyMs: 0,
    at: Infinity,
  },
  { name: "going: never again", more: { deleting: true }, minReadyMs: 0, at: Infinity },
])("when a pod counts as available: $name", ({ more, minReadyMs, at: expected }) => {
  expect(availableAtMs(pod("a", good, more), minReadyMs)).toBe(expected);
});

test.each([
  { container: crashing(" cannot open /data \n"), words: "exit code 1: cannot open /data" },
  { container: crashing(""), words: "exit code 1" },
  { container: running(), words: "no exit was recorded" },
  { container: crashing("x".repeat(5000)), words: `exit code 1: ${"x".repeat(1024)}` },
  {
    container: { ...running(), terminated: { reason: "OOMKilled", exitCode: 137, message: "", at: at(0) } },
    words: "OOMKilled",
  },
])("a container's last words are at most 1 KiB of its own", ({ container, words }) => {
  expect(exitText(container)).toBe(words);
});
