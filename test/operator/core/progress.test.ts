import { describe, expect, test } from "@jest/globals";
import { childAnnotations } from "../../../operator/api/names.ts";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import type { Observed, Pod } from "../../../operator/core/observed.ts";
import { plan } from "../../../operator/core/plan.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { app, at, pod, revision, spec, startMs, withProgress } from "./objects.ts";
import { deploymentOf, observedApp, v1, v2 } from "./situations.ts";

const seen: DemoAppStatus = { observedGeneration: 1 };
const rolling = (replicas: number): Partial<Observed> => ({
  app: app({ spec: spec({ image: "app:2", replicas }), status: seen }),
  revisions: [v1, v2],
  service: renderService(observedApp()),
});

/** What is noted on the Deployment, as `best@time`; undefined if it isn't written. */
function notes(before: Partial<Observed>): string | undefined {
  const { actions } = plan(observedApp(before), startMs);
  const written = actions.find(({ object }) => object.kind === "Deployment")?.object.metadata.annotations;
  return written && `${written[childAnnotations.best]}@${written[childAnnotations.progressAt]}`;
}

/** A Deployment of 2 pods of which the notes tell; not all of them are available. */
const told = (best: number) => withProgress(deploymentOf(v2, { availableReplicas: 0 }), best, -100);
const pods = (count: number): readonly Pod[] => Array.from({ length: count }, (_, i) => pod(`b${i}`, v2));

describe("the progress that the deadline counts from", () => {
  test.each<{ name: string; best: number; available: number; expected: string | undefined }>([
    { name: "a new maximum is noted, with its time", best: 0, available: 1, expected: `1@${at(0)}` },
    { name: "as many as before are no progress", best: 1, available: 1, expected: undefined },
    {
      name: "fewer are none, so flapping can't put the deadline off",
      best: 1,
      available: 0,
      expected: undefined,
    },
    {
      name: "the last pod is not worth a write: the outcome follows",
      best: 1,
      available: 2,
      expected: undefined,
    },
  ])("$name", ({ best, available, expected }) => {
    expect(notes({ ...rolling(2), deployment: told(best), pods: pods(available) })).toBe(expected);
  });

  test("pods of another revision are no progress", () => {
    const old = [pod("a0", v1), pod("a1", v1)];
    expect(notes({ ...rolling(2), deployment: told(0), pods: old })).toBeUndefined();
  });

  test("starts anew with another rollout, of the same hash too", () => {
    const again = { ...rolling(2), revisions: [v1, revision("app:2", 3)] };
    expect(notes({ ...again, deployment: told(1), pods: pods(1) })).toBe(`1@${at(0)}`);
  });

  test("keeps its time when the app is scaled, and takes the maximum anew", () => {
    expect(notes({ ...rolling(5), deployment: told(2), pods: pods(1) })).toBe(`1@${at(-100)}`);
    expect(notes({ ...rolling(5), deployment: told(1), pods: pods(2) })).toBe(`2@${at(0)}`);
  });

  test.each([
    { name: "the noted time can't be read", progressAt: "yesterday" },
    { name: "the noted time lies in the future", progressAt: "2099-01-01T00:00:00Z" },
    { name: "the noted maximum is no number", best: "many" },
    { name: "the noted maximum is negative", best: "-1" },
    { name: "the noted maximum is above the replicas", best: "1000000" },
  ])("$name: the progress is noted anew", ({ progressAt = at(-100), best = "1" }) => {
    const before = told(1);
    const annotations = {
      ...before.metadata.annotations,
      [childAnnotations.progressAt]: progressAt,
      [childAnnotations.best]: best,
    };
    const deployment = { ...before, metadata: { ...before.metadata, annotations } };
    expect(notes({ ...rolling(2), deployment, pods: pods(1) })).toBe(`1@${at(0)}`);
  });
});
