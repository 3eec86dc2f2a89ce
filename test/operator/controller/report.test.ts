import { describe, expect, test } from "@jest/globals";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import { Reporter } from "../../../operator/controller/report.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { app } from "../core/objects.ts";

const progressing = (readyReplicas: number): DemoAppStatus => ({ phase: "Progressing", readyReplicas });

function reporter(fail?: Error) {
  const clock = new VirtualClock();
  const written: unknown[] = [];
  let tookMs = 0;
  const takes = (ms: number): void => {
    tookMs = ms;
  };
  const apply = (_: unknown, object: { status: unknown }) => {
    written.push(object.status);
    clock.jump(tookMs);
    return fail ? Promise.reject(fail) : Promise.resolve(object);
  };
  const client = { apply } as unknown as ApiClient;
  return { clock, written, takes, subject: new Reporter({ client, clock, learn: () => undefined }) };
}

describe("reporting a status", () => {
  test("writes nothing when nothing differs, whatever the order of the fields", async () => {
    const { subject, written } = reporter();
    const status = { readyReplicas: 1, phase: "Progressing" } as const;
    expect(await subject.report(app({ status: progressing(1) }), status)).toBeUndefined();
    expect(written).toEqual([]);
  });

  test("writes numbers alone less often where the API server is slow", async () => {
    const { clock, subject, written, takes } = reporter();
    takes(100);
    await subject.report(app(), progressing(0));
    expect(await subject.report(app({ status: progressing(0) }), progressing(1))).toBe(1_900);
    await clock.advance(1_900);
    await subject.report(app({ status: progressing(0) }), progressing(1));
    expect(written).toHaveLength(2);
  });

  test("writes a new phase at once, and numbers alone at most once a second", async () => {
    const { clock, subject, written } = reporter();
    await subject.report(app(), progressing(0));
    const heldBack = await subject.report(app({ status: progressing(0) }), progressing(1));
    expect(heldBack).toBe(1000);
    await subject.report(app({ status: progressing(0) }), { phase: "Healthy", readyReplicas: 1 });
    expect(written).toHaveLength(2);
    await clock.advance(1000);
    expect(await subject.report(app({ status: progressing(0) }), progressing(1))).toBeUndefined();
    expect(written).toHaveLength(3);
  });

  test("has nobody to report to when the app is gone", async () => {
    const { subject } = reporter(new ApiError(404, {}));
    await expect(subject.report(app(), progressing(1))).resolves.toBeUndefined();
  });

  test("asks to look again after a conflict, which tells of something newer", async () => {
    const { subject } = reporter(new ApiError(409, { reason: "Conflict" }));
    await expect(subject.report(app(), progressing(1))).resolves.toBe(1000);
  });

  test("passes on a failure, so that it is tried again", async () => {
    const { subject } = reporter(new ApiError(503, {}));
    await expect(subject.report(app(), progressing(1))).rejects.toThrow("503");
  });
});
