import { childAnnotations as keys } from "../api/names.ts";
import type { DemoAppSpec } from "../api/schema.ts";
import { digestOf } from "./hash.ts";
import type { Manifest } from "./manifest.ts";
import { once } from "./memo.ts";
import { type Revision, millis, timestamp } from "./observed.ts";
import { rolloutNumber } from "./revisions.ts";
import { strategyOf } from "./strategies/strategy.ts";

/** Where a rollout stands in its steps. Stored in annotations of the candidate's Deployment. */
export interface Cursor {
  readonly rollout: number;
  /** The digest of the steps, as `stepsHashOf` computes it from a spec. */
  readonly stepsHash: string;
  /** The index of the present step, from 0; the number of steps after the last one. */
  readonly index: number;
  /** When the step started, ms since 1970. */
  readonly startedMs: number;
}

/** Identifies the steps of a spec: edited steps start over. */
export const stepsHashOf = once((spec: DemoAppSpec) =>
  digestOf(strategyOf(spec).identity(spec)).slice(0, 10),
);

/** The cursor that a Deployment stores; undefined if somebody removed or garbled a part. */
export function storedCursor(deployment: Manifest | undefined, nowMs: number): Cursor | undefined {
  const annotations = deployment?.metadata.annotations ?? {};
  const rollout = rolloutNumber(annotations[keys.rollout]);
  const step = rolloutNumber(annotations[keys.step]);
  const startedMs = millis(annotations[keys.stepStartedAt]);
  const stepsHash = annotations[keys.stepsHash];
  if (rollout === undefined || step === undefined || stepsHash === undefined) return undefined;
  // A time in the future comes from another machine's clock, and counts as now.
  return startedMs > 0
    ? { rollout, stepsHash, index: step - 1, startedMs: Math.min(startedMs, nowMs) }
    : undefined;
}

export const cursorAnnotations = ({ index, startedMs, stepsHash }: Cursor): Record<string, string> => ({
  [keys.step]: String(index + 1),
  [keys.stepStartedAt]: timestamp(startedMs),
  [keys.stepsHash]: stepsHash,
});

/** The first step of a rollout. */
export const firstCursor = (spec: DemoAppSpec, { rollout }: Revision, nowMs: number): Cursor => ({
  rollout,
  stepsHash: stepsHashOf(spec),
  index: 0,
  startedMs: nowMs,
});
