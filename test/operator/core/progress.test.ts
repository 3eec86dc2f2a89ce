import { describe, expect, test } from "@jest/globals";
import { childAnnotations } from "../../../operator/api/names.ts";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import { fieldsOf } from "../../../operator/core/manifest.ts";
import type { Pod } from "../../../operator/core/observed.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { type ObservedFields, app, at, pod, revision, spec, startMs, withProgress } from "./objects.ts";
import { planOf, deploymentOf, observedApp, situationOf, v1, v2 } from "./situations.ts";

const status: DemoAppStatus = { observedGeneration: 1 };
const rolling = (replicas: number): ObservedFields => ({
  app: app({ spec: spec({ image: "app:2", replicas }), status }),
  revisions: [v1, v2],
  service: renderService(observedApp(), "stable"),
});

/** The progress in the annotations of the applied Deployment, as `best@time`. Undefined if none is applied. */
function writtenProgress(before: ObservedFields): string | undefined {
  const { actions } = planOf(before);
  const written = actions.find(({ object }) => object.kind === "Deployment")?.object.metadata.annotations;
  return written && `${written[childAnnotations.best]}@${written[childAnnotations.progressAt]}`;
}

/** A Deployment of 2 pods with a stored progress of `best` pods at second -100. */
const withBest = (best: number) => withProgress(deploymentOf(v2, { availableReplicas: 0 }), best, -100);
const pods = (count: number): readonly Pod[] => Array.from({ length: count }, (_, i) => pod(`b${i}`, v2));

describe("the stored progress of a rollout, which the deadline counts from", () => {
  test.each<{ name: string; best: number; available: number; expected: string | undefined }>([
    {
      name: "more pods are available than before: the new maximum and its time are written",
      best: 0,
      available: 1,
      expected: `1@${at(0)}`,
    },
    {
      name: "as many pods are available as before: nothing is written",
      best: 1,
      available: 1,
      expected: undefined,
    },
    {
      name: "fewer pods are available than before: nothing is written, so that flapping doesn't reset the deadline",
      best: 1,
      available: 0,
      expected: undefined,
    },
    {
      name: "the last pod becomes available: nothing is written, because the outcome follows",
      best: 1,
      available: 2,
      expected: undefined,
    },
  ])("$name", ({ best, available, expected }) => {
    expect(writtenProgress({ ...rolling(2), deployment: withBest(best), pods: pods(available) })).toBe(
      expected,
    );
  });

  describe("the last note is 30 s old, and the deadline is 600 s", () => {
    const progressing = (seconds: number) => [
      { type: "Progressing", status: "True", lastUpdateTime: at(seconds) },
    ];
    const noted = (conditions: readonly object[] = []): ObservedFields => {
      const deployment = withProgress(deploymentOf(v2, { availableReplicas: 0, conditions }), 1, -30);
      return {
        ...rolling(4),
        deployment: { ...deployment, spec: { ...fieldsOf(deployment["spec"]), replicas: 4 } },
      };
    };
    const stateAt = (before: ObservedFields, seconds: number) =>
      situationOf(observedApp(before), startMs + seconds * 1000);

    test("a new maximum: written once the note is a tenth of the deadline old", () => {
      const before = { ...noted(), pods: pods(2) };
      expect(writtenProgress(before)).toBeUndefined();
      expect(stateAt(before, 0).progress).toMatchObject({ atMs: startMs, dueAtMs: startMs + 30_000 });
      expect(stateAt(before, 30).progress.stored).toEqual({ best: 2, atMs: startMs + 30_000 });
    });

    test.each([
      { name: "within that time", counted: -10, from: -10 },
      { name: "later", counted: 100, from: 30 },
      { name: "before the note", counted: -40, from: -30 },
    ])(
      "a new maximum is lost, and the Deployment controller counted progress $name: no verdict too early",
      ({ counted, from }) => {
        const { progress } = stateAt({ ...noted(progressing(counted)), pods: pods(1) }, 200);
        expect(progress.atMs).toBe(startMs + from * 1000);
      },
    );
  });

  test("pods of another revision are available: nothing is written", () => {
    const old = [pod("a0", v1), pod("a1", v1)];
    expect(writtenProgress({ ...rolling(2), deployment: withBest(0), pods: old })).toBeUndefined();
  });

  test("another rollout of the same hash starts: the progress starts over", () => {
    const again = { ...rolling(2), revisions: [v1, revision("app:2", 3)] };
    expect(writtenProgress({ ...again, deployment: withBest(1), pods: pods(1) })).toBe(`1@${at(0)}`);
  });

  test("the app is scaled: the maximum is counted again, and the time changes only if the maximum rises", () => {
    expect(writtenProgress({ ...rolling(5), deployment: withBest(2), pods: pods(1) })).toBe(`1@${at(-100)}`);
    expect(writtenProgress({ ...rolling(5), deployment: withBest(1), pods: pods(2) })).toBe(`2@${at(0)}`);
  });

  test("a scale-down is delayed while new pods flap: neither the maximum nor the time follows them", () => {
    const many = (of: typeof v1, count: number, available: number): Pod[] =>
      Array.from({ length: count }, (_, n) => pod(`${of.image}-${n}`, of, { ready: n < available }));
    const flapping = (best: number, available: number): string | undefined => {
      const deployment = withProgress(deploymentOf(v2, { availableReplicas: 0 }), best, -100);
      const sized = { ...deployment, spec: { ...(deployment["spec"] as object), replicas: 9 } };
      const pods = [...many(v1, 9, 9), ...many(v2, 3, available)];
      return writtenProgress({ ...rolling(8), deployment: sized, pods });
    };
    expect(flapping(1, 0)).toBeUndefined();
    // The size is lowered by one, as one more pod is available.
    expect(flapping(1, 1)).toBe(`1@${at(-100)}`);
    expect(flapping(9, 0)).toBe(`8@${at(-100)}`);
  });

  test.each([
    { name: "the stored time is invalid", progressAt: "yesterday" },
    { name: "the stored time is in the future", progressAt: "2099-01-01T00:00:00Z" },
    { name: "the stored maximum is not a number", best: "many" },
    { name: "the stored maximum is negative", best: "-1" },
    { name: "the stored maximum is above the replicas", best: "1000000" },
  ])("$name: the progress is written again", ({ progressAt = at(-100), best = "1" }) => {
    const before = withBest(1);
    const annotations = {
      ...before.metadata.annotations,
      [childAnnotations.progressAt]: progressAt,
      [childAnnotations.best]: best,
    };
    const deployment = { ...before, metadata: { ...before.metadata, annotations } };
    expect(writtenProgress({ ...rolling(2), deployment, pods: pods(1) })).toBe(`1@${at(0)}`);
  });
});
