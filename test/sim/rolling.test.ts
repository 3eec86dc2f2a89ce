import { expect, test } from "@jest/globals";
import { nextSizes } from "./controllers/rolling.ts";
import { type TwoSets, rolloutOf } from "./rollouts.ts";

interface Row extends TwoSets {
  readonly name: string;
  /** Undefined: no ReplicaSet is scaled. */
  readonly expect?: Readonly<Record<string, number>>;
}

/** The expected sizes are those that `syncDeployment` of Kubernetes 1.35.4 writes for the same objects. */
const rows: readonly Row[] = [
  {
    name: "the old ReplicaSet has been scaled down, and its status still counts the removed pod",
    desired: 2,
    limits: { maxSurge: 1, maxUnavailable: 1 },
    annotated: [2, 3],
    old: [2, 3],
    newest: [1, 0],
  },
  {
    name: "one replica fewer during a rolling update: the largest ReplicaSet loses the rounding error",
    desired: 8,
    limits: { maxSurge: "25%", maxUnavailable: 0 },
    annotated: [9, 12],
    old: [9, 9],
    newest: [3, 0],
    expect: { old: 7, newest: 3 },
  },
  {
    name: "fewer replicas, and both ReplicaSets have the same size: the old one shrinks first",
    desired: 3,
    limits: { maxSurge: 0, maxUnavailable: "50%" },
    annotated: [4, 4],
    old: [2, 2],
    newest: [2, 0],
    expect: { old: 1, newest: 2 },
  },
  {
    name: "more replicas, and both ReplicaSets have the same size: the new one grows first",
    desired: 5,
    limits: { maxSurge: 1, maxUnavailable: 1 },
    annotated: [4, 5],
    old: [2, 2],
    newest: [2, 0],
    expect: { old: 2, newest: 4 },
  },
];

test.each(rows)("$name", ({ expect: expected = {}, ...row }) => {
  expect(Object.fromEntries(nextSizes(rolloutOf(row)))).toEqual(expected);
});
