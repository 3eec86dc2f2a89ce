import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import type { Outcome, Pod, Revision } from "../../../operator/core/observed.ts";
import { pace } from "../../../operator/core/pace.ts";
import { annotations } from "../../../operator/api/names.ts";
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
  const step = pace({ tracks: { stable: load, candidate: undefined }, traffic: "stable" }, state);
  const { stable } = step.tracks;
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

test("any state: the size is the present one or the desired one, and lowered at once", () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const { stable, deployment } = paced(situation);
      const { size, replicas } = situation;
      expect([size, replicas]).toContain(stable.size);
      if (deployment === undefined || replicas <= size) expect(stable.size).toBe(replicas);
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
