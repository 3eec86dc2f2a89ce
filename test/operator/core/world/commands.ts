import * as fc from "fast-check";
import { at, startMs } from "../objects.ts";
import { turn } from "./deployments.ts";
import { type Change, changes } from "./foreign.ts";
import type { World } from "./world.ts";

/** Something that happens to an app from outside, or to its operator. */
type Command = (world: World) => void;

const images = [
  "good:1",
  "good:2",
  "good:3",
  "slow:1",
  "crash:1",
  "never:1",
  "missing:1",
  "secret:1",
  "flap:1",
];

const newest = (world: World): number =>
  Math.max(0, ...[...world.revisions.values()].map((live) => Number(live["revision"])));

/** Anything that may happen. */
export const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...images).map((image) => named(`image ${image}`, (w) => w.edit({ image }))),
  },
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: 90 }).map((s) => named(`pass ${s} s`, (w) => w.pass(s))),
  },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 0, max: 5 })
      .map((replicas) => named(`scale ${replicas}`, (w) => w.edit({ replicas }))),
  },
  { weight: 2, arbitrary: fc.nat(3).map((n) => named(`kill after ${n} writes`, (w) => void w.reconcile(n))) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<Change>(...changes)
      .map((change) => named(`by hand: ${change}`, (w) => w.changeByHand(change))),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom("retry" as const, "abort" as const), fc.nat(2))
      .map(([act, back]) =>
        named(`${act} newest - ${back}`, (w) => w.annotate(act, String(newest(w) - back))),
      ),
  },
  fc
    .constantFrom("true", "false")
    .map((value) => named(`paused ${value}`, (w) => w.annotate("paused", value))),
  fc.boolean().map((suspend) => named(`suspend ${suspend}`, (w) => w.edit({ suspend }))),
  fc
    .integer({ min: -50, max: 50 })
    .map((s) =>
      named(`restart ${s} s from now`, (w) => w.annotate("restartAt", at((w.nowMs - startMs) / 1000 + s))),
    ),
  fc.constant(named("wipe the status", (w) => w.wipeStatus())),
  fc.constant(named("wipe the notes", (w) => w.wipeNotes())),
  fc.constant(
    named("delete the Deployment", (w) => {
      w.deployment = undefined;
    }),
  ),
  fc.constant(
    named("delete a pod", (w) => {
      w.pods = w.pods.slice(1);
    }),
  ),
  fc.constant(
    named("crash a pod", (w) => {
      w.pods = w.pods.map((pod, i) => (i === 0 ? { ...pod, crashedMs: w.nowMs } : pod));
    }),
  ),
  fc.constant(
    named("the Secret comes", (w) => {
      w.secretSinceMs ??= w.nowMs;
    }),
  ),
  fc.constant(named("the Deployment controller works alone", (w) => turn(w))),
);

/** Shown by its name when a property fails. */
function named(name: string, run: Command): Command {
  return Object.assign(run, { [fc.toStringMethod]: () => name });
}

/** Specs that differ in what a rollout is made of. */
export const specs = fc.record({
  replicas: fc.integer({ min: 1, max: 4 }),
  minReadySeconds: fc.constantFrom(0, 15),
  progressDeadlineSeconds: fc.constant(60),
  revisionHistoryLimit: fc.constantFrom(0, 1, 10),
  rollback: fc.record({ automatic: fc.constantFrom(true, true, true, false) }),
  strategy: fc.constantFrom(
    {},
    { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    { rollingUpdate: { maxSurge: 0, maxUnavailable: "50%" } },
    { rollingUpdate: { maxSurge: "100%", maxUnavailable: 0 } },
  ),
});
