import { expect, test } from "@jest/globals";
import type { KubeObject } from "../../operator/runtime/kubernetes.ts";
import { nextSizes } from "./controllers/rolling.ts";
import { annotation } from "./controllers/workload.ts";

/** Sizes and available pods of the old and the new ReplicaSet, as their status reports them. */
interface Row {
  readonly name: string;
  readonly desired: number;
  readonly limits: { readonly maxSurge: number | string; readonly maxUnavailable: number | string };
  /** The desired size and the largest number of pods at the last scaling. */
  readonly annotated: readonly [desired: number, max: number];
  readonly sizes: readonly [old: number, newest: number];
  readonly available: readonly [old: number, newest: number];
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
    sizes: [2, 1],
    available: [3, 0],
  },
  {
    name: "one replica fewer during a rolling update: the largest ReplicaSet loses the rounding error",
    desired: 8,
    limits: { maxSurge: "25%", maxUnavailable: 0 },
    annotated: [9, 12],
    sizes: [9, 3],
    available: [9, 0],
    expect: { old: 7, newest: 3 },
  },
  {
    name: "fewer replicas, and both ReplicaSets have the same size: the old one shrinks first",
    desired: 3,
    limits: { maxSurge: 0, maxUnavailable: "50%" },
    annotated: [4, 4],
    sizes: [2, 2],
    available: [2, 0],
    expect: { old: 1, newest: 2 },
  },
  {
    name: "more replicas, and both ReplicaSets have the same size: the new one grows first",
    desired: 5,
    limits: { maxSurge: 1, maxUnavailable: 1 },
    annotated: [4, 5],
    sizes: [2, 2],
    available: [2, 0],
    expect: { old: 2, newest: 4 },
  },
];

function sizesOf({ desired, limits, annotated, sizes, available }: Row): Record<string, number> {
  const set = (name: string, i: 0 | 1): KubeObject => ({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name,
      annotations: { [annotation.desired]: String(annotated[0]), [annotation.max]: String(annotated[1]) },
    },
    spec: { replicas: sizes[i] },
    status: { availableReplicas: available[i] },
  });
  const deployment: KubeObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { replicas: desired, strategy: { rollingUpdate: limits } },
  };
  return Object.fromEntries(nextSizes({ deployment, newest: set("newest", 1), old: [set("old", 0)] }));
}

test.each(rows)("$name", (row) => {
  expect(sizesOf(row)).toEqual(row.expect ?? {});
});
