import { describe, expect, test } from "@jest/globals";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import type { App } from "../../../operator/core/observed.ts";
import { createReporter, isEcho, urgencyOf } from "../../../operator/controller/report.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { app } from "../core/objects.ts";

const progressing = (readyReplicas: number): DemoAppStatus => ({ phase: "Progressing", readyReplicas });
const healthy = (readyReplicas: number): DemoAppStatus => ({ phase: "Healthy", readyReplicas });

const done = { delayMs: undefined, isDelayed: false };
const delayed = (delayMs: number) => ({ delayMs, isDelayed: true });

function reporter(fail?: Error) {
  const clock = new VirtualClock();
  const written: unknown[] = [];
  let writeMs = 0;
  const setWriteMs = (ms: number): void => {
    writeMs = ms;
  };
  const apply = (_: unknown, object: { status: unknown }) => {
    written.push(object.status);
    clock.jump(writeMs);
    return fail ? Promise.reject(fail) : Promise.resolve(object);
  };
  const client = { apply } as unknown as ApiClient;
  const subject = createReporter({ client, clock, updateCache: () => undefined });
  return { clock, written, setWriteMs, subject };
}

describe("reporting a status", () => {
  test("only the order of the fields differs: no write", async () => {
    const { subject, written } = reporter();
    const status = { readyReplicas: 1, phase: "Healthy" } as const;
    expect(await subject.write(app({ status: healthy(1) }), status)).toEqual(done);
    expect(written).toEqual([]);
  });

  test("a change of the DemoApp is only the status that was sent: an echo, also before the response arrives", async () => {
    const { subject } = reporter();
    const [before, sent, other] = [app(), app({ status: healthy(1) }), app({ status: healthy(2) })];
    const change = (object: App) => ({ type: "MODIFIED", object, previous: before }) as const;
    expect(isEcho(subject, change(sent))).toBe(false);
    const report = subject.write(before, healthy(1));
    expect(isEcho(subject, change(sent))).toBe(true);
    await report;
    expect(isEcho(subject, change(other))).toBe(false);
    expect(isEcho(subject, change({ ...sent, generation: 2 }))).toBe(false);
  });

  test("another process wrote the right status: a change back to what this process sent before is no echo", async () => {
    const { subject } = reporter();
    const [before, right] = [app({ status: healthy(1) }), app({ status: healthy(2) })];
    await subject.write(app(), healthy(1));
    await subject.write(right, healthy(2));
    expect(isEcho(subject, { type: "MODIFIED", object: before, previous: right })).toBe(false);
  });

  test("the event of a write whose response was lost arrives when another status is desired: no echo", async () => {
    const { subject } = reporter(new Error("the response is lost"));
    const [before, sent] = [app({ status: healthy(1) }), app({ status: healthy(2) })];
    await expect(subject.write(before, healthy(2))).rejects.toThrow("lost");
    // The cache does not have the write yet, so there seems to be nothing to write.
    await subject.write(before, healthy(1));
    expect(isEcho(subject, { type: "MODIFIED", object: sent, previous: before })).toBe(false);
  });

  test("a new phase that says how a rollout ended: written at once; only counts differ: at most once in 5 s", async () => {
    const { clock, subject, written } = reporter();
    await subject.write(app({ status: progressing(0) }), healthy(0));
    expect(await subject.write(app({ status: healthy(0) }), healthy(1))).toEqual(delayed(5000));
    await subject.write(app({ status: healthy(0) }), { phase: "Degraded", readyReplicas: 1 });
    expect(written).toHaveLength(2);
    await clock.advance(5000);
    expect(await subject.write(app({ status: healthy(0) }), healthy(1))).toEqual(done);
    expect(written).toHaveLength(3);
  });

  test.each([
    ["the app is deleted, or the API server does not serve its kind yet", new ApiError(404, {})],
    ["a conflict, because a newer object exists", new ApiError(409, { reason: "Conflict" })],
  ])("%s: a retry after 1 s", async (_, error) => {
    const { subject } = reporter(error);
    await expect(subject.write(app(), healthy(1))).resolves.toEqual(delayed(1000));
  });

  test("the API server fails: the error is thrown, so that the key is requeued", async () => {
    const { subject } = reporter(new ApiError(503, {}));
    await expect(subject.write(app(), healthy(1))).rejects.toThrow("503");
  });
});

describe("a rollout begins", () => {
  const before = { ...healthy(1), observedGeneration: 1 };
  const after = { ...progressing(1), observedGeneration: 2 };

  test("and ends within a second: only the end is written", async () => {
    const { clock, subject, written } = reporter();
    const live = app({ status: before });
    expect(await subject.write(live, after)).toEqual(delayed(1000));
    await clock.advance(900);
    expect(await subject.write(live, { ...after, readyReplicas: 0 })).toEqual(delayed(100));
    const end = { ...before, observedGeneration: 2 };
    expect(await subject.write(live, end)).toEqual(done);
    expect(written).toEqual([end]);
  });

  test("and lasts: its status is written after a second, then its counts at most once in 5 s", async () => {
    const { clock, subject, written } = reporter();
    await subject.write(app({ status: before }), after);
    await clock.advance(1000);
    expect(await subject.write(app({ status: before }), after)).toEqual(done);
    const more = { ...after, readyReplicas: 2 };
    expect(await subject.write(app({ status: after }), more)).toEqual(delayed(5000));
    expect(written).toEqual([after]);
  });

  test("and is undone before its status was written: the next one has a second of its own", async () => {
    const { clock, subject } = reporter();
    await subject.write(app({ status: before }), after);
    await clock.advance(900);
    expect(await subject.write(app({ status: before }), before)).toEqual(done);
    await clock.advance(900);
    expect(await subject.write(app({ status: before }), after)).toEqual(delayed(1000));
  });

  test.each([
    { writeMs: 500, statusMs: 2000, countsMs: 4500 },
    { writeMs: 5_000, statusMs: 10_000, countsMs: 5_000 },
  ])(
    "while writes take $writeMs ms: its status waits for $statusMs ms, its counts for $countsMs ms more",
    async ({ writeMs, statusMs, countsMs }) => {
      const { clock, subject, written, setWriteMs } = reporter();
      setWriteMs(writeMs);
      await subject.write(app(), before);
      expect(await subject.write(app({ status: before }), after)).toEqual(delayed(statusMs));
      await clock.advance(statusMs);
      await subject.write(app({ status: before }), after);
      expect(written).toEqual([before, after]);
      const more = { ...after, readyReplicas: 2 };
      expect(await subject.write(app({ status: after }), more)).toEqual(delayed(countsMs));
    },
  );
});

const condition = (type: string, status: "True" | "False") => ({
  type,
  status,
  lastTransitionTime: "2026-01-01T00:00:00Z",
  reason: "Reason",
  message: "",
});
const available = { ...healthy(1), conditions: [condition("Available", "True")] };

test.each<{ name: string; before?: DemoAppStatus; after: DemoAppStatus; urgency: string }>([
  {
    name: "an app is new",
    before: { observedGeneration: -1 },
    after: { phase: "Installing" },
    urgency: "soon",
  },
  {
    name: "a rollout begins",
    before: available,
    after: { ...available, phase: "Progressing" },
    urgency: "soon",
  },
  { name: "only the counts change", before: progressing(0), after: progressing(1), urgency: "rarely" },
  { name: "a rollout ends", before: progressing(1), after: healthy(1), urgency: "now" },
  { name: "a revision is rejected", before: progressing(1), after: { phase: "RollingBack" }, urgency: "now" },
  { name: "a person has to act", before: available, after: { phase: "Paused" }, urgency: "now" },
  {
    name: "a rollout is blocked",
    before: progressing(0),
    after: {
      phase: "Progressing",
      blockers: [{ object: "Pod/web", reason: "NotReady", message: "", since: "", next: "" }],
    },
    urgency: "now",
  },
  {
    name: "too few pods are available",
    before: available,
    after: { phase: "Progressing", conditions: [condition("Available", "False")] },
    urgency: "now",
  },
])("$name: the status is written $urgency", ({ before, after, urgency }) => {
  expect(urgencyOf(before, after)).toBe(urgency);
});
