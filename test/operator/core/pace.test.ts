import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import type { Outcome, Pod, Revision } from "../../../operator/core/observed.ts";
import { countOf, floorOf, rollingUpdateOf } from "../../../operator/core/defaults.ts";
import { alone } from "../../../operator/core/goal.ts";
import { pace } from "../../../operator/core/pace.ts";
import { annotations } from "../../../operator/api/names.ts";
import { nextSizes } from "../../sim/controllers/rolling.ts";
import { rolloutOf } from "../../sim/rollouts.ts";
import { app, at, pod, revision, spec } from "./objects.ts";
import { deploymentOf, observedApp, stateOf, v1 } from "./situations.ts";

const candidate = revision("app:2", 2);
const outcomes = fc.constantFrom<Outcome | undefined>("rejected", "superseded", "accepted", undefined);

/** A track in any state: the Deployment's revision, size and progress, and the pods of each revision. */
const situations = fc.record({
  deployed: fc.constantFrom(undefined, "stable", "candidate", "third"),
  outcome: outcomes,
  size: fc.nat(6),
  replicas: fc.nat(6),
  isProcessed: fc.boolean(),
  isRestarting: fc.boolean(),
  pods: fc.record({ stable: fc.nat(4), candidate: fc.nat(4), third: fc.nat(4) }),
  target: fc.constantFrom<"stable" | "candidate">("stable", "candidate"),
});
type Situation = typeof situations extends fc.Arbitrary<infer S> ? S : never;

function paced({ deployed, outcome, size, replicas, isProcessed, isRestarting, pods, target }: Situation) {
  const revisions: Record<"stable" | "candidate" | "third", Revision> = {
    stable: v1,
    candidate,
    third: { ...revision("app:3", 0), outcome },
  };
  const live = deployed && deploymentOf(revisions[deployed], { observedGeneration: isProcessed ? 1 : 0 });
  const deployment = live && {
    ...live,
    spec: { ...(live["spec"] as object), replicas: size },
  };
  const all = Object.entries(pods).flatMap(([of, count]): Pod[] =>
    Array.from({ length: count }, (_, i) => pod(`${of}${i}`, revisions[of as "stable"])),
  );
  const state = stateOf(
    observedApp({
      app: app({
        spec: spec({ image: "app:2", replicas }),
        annotations: isRestarting ? { [annotations.restartAt]: at(-1) } : {},
      }),
      revisions: Object.values(revisions),
      ...(deployment && { deployment }),
      pods: all,
    }),
  );
  const load = { revision: revisions[target], size: replicas };
  const { stable } = pace(alone(load), state).tracks;
  if (stable === undefined) throw new Error("the track has a goal and so a step");
  return { state, stable, deployment, revisions };
}

test("any state: a write that changes the pod template adds no pods", () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const { state, stable, deployment } = paced(situation);
      if (deployment === undefined) return;
      const isChanged = state.tracks.stable.deployedHash !== stable.revision.hash || state.restarting;
      if (isChanged) expect(stable.size).toBeLessThanOrEqual(situation.size);
    }),
  );
});

test("any state with pods of a rejected revision: the Deployment does not grow", () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const { stable, deployment } = paced({ ...situation, outcome: "rejected" });
      if (deployment !== undefined && situation.pods.third > 0)
        expect(stable.size).toBeLessThanOrEqual(situation.size);
    }),
  );
});

test("any state: the size is between the present and the desired one, and lowered at once without pods of another template", () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const { stable, deployment } = paced(situation);
      const { deployed, size, replicas, pods } = situation;
      if (deployment === undefined || replicas > size) expect([size, replicas]).toContain(stable.size);
      else {
        expect(stable.size).toBeGreaterThanOrEqual(replicas);
        expect(stable.size).toBeLessThanOrEqual(size);
      }
      const hasOldPods = Object.entries(pods).some(([of, count]) => of !== deployed && count > 0);
      const isLower = replicas <= size && (!hasOldPods || replicas === 0);
      if (deployment === undefined || isLower) expect(stable.size).toBe(replicas);
    }),
  );
});

test("no Deployment, or one whose stable pods are not created yet: the stable revision, whatever the goal", () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const { stable, deployment } = paced(situation);
      const isCreated =
        deployment !== undefined && (situation.deployed !== "stable" || situation.isProcessed);
      if (!isCreated) expect(stable.revision.image).toBe("app:1");
    }),
  );
});

test("each step is applied and the pods follow: the goal is reached", () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const advance = (present: Situation): Situation => {
        const { stable, revisions } = paced(present);
        const deployed = (["stable", "candidate"] as const).find(
          (of) => revisions[of].hash === stable.revision.hash,
        );
        if (deployed === undefined) throw new Error("a step carries the stable or the requested revision");
        const none = { stable: 0, candidate: 0, third: 0 };
        const pods = { ...none, [deployed]: stable.size };
        return { ...present, deployed, size: stable.size, isProcessed: true, pods };
      };
      const start: Situation = { ...situation, isRestarting: false };
      const present = Array.from({ length: 5 }).reduce<Situation>(advance, start);
      expect([present.deployed, present.size]).toEqual([situation.target, situation.replicas]);
    }),
  );
});

/** A Deployment in a rolling update from `app:1` to `app:2`: its size, its pods, and the size that the spec requests. */
interface Update {
  readonly size: number;
  readonly replicas: number;
  readonly rollingUpdate?: { readonly maxSurge: number | string; readonly maxUnavailable: number | string };
  readonly old: readonly [pods: number, available: number];
  readonly newest: readonly [pods: number, available: number];
}

function sizeDuring({ size, replicas, rollingUpdate, old, newest }: Update): number | undefined {
  const podsOf = (of: Revision, [count, available]: Update["old"]): Pod[] =>
    Array.from({ length: count }, (_, i) => pod(`${of.image}-${i}`, of, { ready: i < available }));
  const live = deploymentOf(candidate);
  const state = stateOf(
    observedApp({
      app: app({ spec: spec({ image: "app:2", replicas, strategy: { rollingUpdate } }) }),
      revisions: [v1, candidate],
      deployment: { ...live, spec: { ...(live["spec"] as object), replicas: size } },
      pods: [...podsOf(v1, old), ...podsOf(candidate, newest)],
    }),
  );
  return pace(alone({ revision: candidate, size: replicas }), state).tracks.stable?.size;
}

const quarter = { maxSurge: "25%", maxUnavailable: "25%" };
const half = { maxSurge: 0, maxUnavailable: "50%" };
const one = { maxSurge: 1, maxUnavailable: 1 };

test.each<{ name: string; during: Update; size: number }>([
  {
    name: "Kubernetes would keep 7 of 9 old pods, and 8 must be available: the size stays",
    during: { size: 9, replicas: 8, old: [9, 9], newest: [3, 0] },
    size: 9,
  },
  {
    name: "the new pods that Kubernetes would keep are not created yet: the size stays",
    during: { size: 9, replicas: 8, old: [9, 9], newest: [0, 0] },
    size: 9,
  },
  {
    name: "the lower size has a smaller maxUnavailable: the size stays",
    during: { size: 4, replicas: 3, rollingUpdate: quarter, old: [3, 3], newest: [2, 0] },
    size: 4,
  },
  {
    name: "available new pods would be removed, and Kubernetes could count them when it removes old pods: the size is not lowered so far",
    during: { size: 10, replicas: 5, old: [5, 5], newest: [8, 5] },
    size: 6,
  },
  {
    name: "the kept pods are enough: the size is lowered",
    during: { size: 4, replicas: 2, rollingUpdate: one, old: [3, 3], newest: [2, 0] },
    size: 2,
  },
  {
    name: "4 of 9 pods are enough, 3 are not: the size is lowered to 4",
    during: { size: 9, replicas: 3, rollingUpdate: quarter, old: [7, 7], newest: [5, 0] },
    size: 4,
  },
  {
    name: "no node has room for the new pods: the size is lowered and makes room",
    during: { size: 4, replicas: 3, old: [4, 4], newest: [1, 0] },
    size: 3,
  },
  {
    name: "no pod is available: the size is lowered",
    during: { size: 9, replicas: 8, old: [9, 0], newest: [3, 0] },
    size: 8,
  },
  {
    name: "all pods have the new template: the size is lowered",
    during: { size: 9, replicas: 8, old: [0, 0], newest: [9, 2] },
    size: 8,
  },
  {
    name: "0 replicas: the size is lowered",
    during: { size: 9, replicas: 0, old: [9, 9], newest: [3, 0] },
    size: 0,
  },
])("fewer replicas during a rolling update; $name", ({ during, size }) => {
  expect(sizeDuring(during)).toBe(size);
});

test("somebody scales to two billion pods during a rolling update: a lower size is found in some thousand steps", () => {
  const startMs = performance.now();
  const size = sizeDuring({ size: 2 ** 31 - 1, replicas: 8, old: [9, 9], newest: [3, 0] });
  expect(size).toBeLessThan(2 ** 31 - 1);
  expect(performance.now() - startMs).toBeLessThan(1000);
});

test("fewer replicas during any rolling update: the Deployment controller keeps the floor", () => {
  const podCounts = fc
    .tuple(fc.nat(12), fc.nat(12))
    .map(([a, b]): Update["old"] => [Math.max(a, b), Math.min(a, b)]);
  const updates = fc.record({
    size: fc.integer({ min: 1, max: 12 }),
    replicas: fc.nat(12),
    rollingUpdate: fc.constantFrom(one, half, quarter, rollingUpdateOf(spec())),
    old: podCounts,
    newest: podCounts,
  });
  fc.assert(
    fc.property(updates, (update) => {
      const { size, replicas, rollingUpdate, old, newest } = update;
      const most = size + countOf(rollingUpdate.maxSurge, size, "up");
      fc.pre(replicas < size && newest[0] <= size && old[0] > 0 && old[0] + newest[0] <= most);
      const written = sizeDuring(update) ?? size;
      if (written === size) return;
      const after = nextSizes(
        rolloutOf({ desired: written, limits: rollingUpdate, annotated: [size, most], old, newest }),
      );
      const keptOf = (name: "old" | "newest", [pods, available]: Update["old"]) =>
        Math.min(available, after.get(name) ?? pods);
      const floor = floorOf(replicas, rollingUpdate);
      expect(keptOf("old", old) + keptOf("newest", newest)).toBeGreaterThanOrEqual(
        Math.min(floor, old[1] + newest[1]),
      );
    }),
    { numRuns: 300 },
  );
});
