import { describe, expect, test } from "@jest/globals";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import type { App } from "../../../operator/core/observed.ts";
import { createReporter, isEcho } from "../../../operator/controller/report.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { app } from "../core/objects.ts";

const progressing = (readyReplicas: number): DemoAppStatus => ({ phase: "Progressing", readyReplicas });

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
    const status = { readyReplicas: 1, phase: "Progressing" } as const;
    expect(await subject.write(app({ status: progressing(1) }), status)).toBeUndefined();
    expect(written).toEqual([]);
  });

  test("a change of the DemoApp is only the status that was sent: an echo, also before the response arrives", async () => {
    const { subject } = reporter();
    const [before, sent, other] = [app(), app({ status: progressing(1) }), app({ status: progressing(2) })];
    const change = (object: App) => ({ type: "MODIFIED", object, previous: before }) as const;
    expect(isEcho(subject, change(sent))).toBe(false);
    const report = subject.write(before, progressing(1));
    expect(isEcho(subject, change(sent))).toBe(true);
    await report;
    expect(isEcho(subject, change(other))).toBe(false);
    expect(isEcho(subject, change({ ...sent, generation: 2 }))).toBe(false);
  });

  test("another process wrote the right status: a change back to what this process sent before is no echo", async () => {
    const { subject } = reporter();
    const [before, right] = [app({ status: progressing(1) }), app({ status: progressing(2) })];
    await subject.write(app(), progressing(1));
    await subject.write(right, progressing(2));
    expect(isEcho(subject, { type: "MODIFIED", object: before, previous: right })).toBe(false);
  });

  test("the event of a write whose response was lost arrives when another status is desired: no echo", async () => {
    const { subject } = reporter(new Error("the response is lost"));
    const [before, sent] = [app({ status: progressing(1) }), app({ status: progressing(2) })];
    await expect(subject.write(before, progressing(2))).rejects.toThrow("lost");
    // The cache does not have the write yet, so there seems to be nothing to write.
    await subject.write(before, progressing(1));
    expect(isEcho(subject, { type: "MODIFIED", object: sent, previous: before })).toBe(false);
  });

  test("only counts differ and a write takes 100 ms: the next write is delayed to 2 s after the last one", async () => {
    const { clock, subject, written, setWriteMs } = reporter();
    setWriteMs(100);
    await subject.write(app(), progressing(0));
    expect(await subject.write(app({ status: progressing(0) }), progressing(1))).toBe(1_900);
    await clock.advance(1_900);
    await subject.write(app({ status: progressing(0) }), progressing(1));
    expect(written).toHaveLength(2);
  });

  test("a new phase: written at once; only counts differ: written at most once a second", async () => {
    const { clock, subject, written } = reporter();
    await subject.write(app(), progressing(0));
    const delayMs = await subject.write(app({ status: progressing(0) }), progressing(1));
    expect(delayMs).toBe(1000);
    await subject.write(app({ status: progressing(0) }), { phase: "Healthy", readyReplicas: 1 });
    expect(written).toHaveLength(2);
    await clock.advance(1000);
    expect(await subject.write(app({ status: progressing(0) }), progressing(1))).toBeUndefined();
    expect(written).toHaveLength(3);
  });

  test.each([
    ["the app is deleted, or the API server does not serve its kind yet", new ApiError(404, {})],
    ["a conflict, because a newer object exists", new ApiError(409, { reason: "Conflict" })],
  ])("%s: a retry after 1 s", async (_, error) => {
    const { subject } = reporter(error);
    await expect(subject.write(app(), progressing(1))).resolves.toBe(1000);
  });

  test("the API server fails: the error is thrown, so that the key is requeued", async () => {
    const { subject } = reporter(new ApiError(503, {}));
    await expect(subject.write(app(), progressing(1))).rejects.toThrow("503");
  });
});
