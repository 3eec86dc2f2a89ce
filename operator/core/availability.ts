import { type ReasonMessage, reasonMessage } from "../api/reasons.ts";
import { podRefusalOf } from "./deployment.ts";
import { type Pod, millis } from "./observed.ts";
import type { RolloutState } from "./rolloutstate.ts";

/** The status of the condition Available, with its reason. */
export interface Availability {
  readonly status: boolean;
  readonly summary: ReasonMessage;
}

/**
 * True if a pod has never been ready. The kubelet sets the condition Ready to False before it starts the containers; a
 * later transition means that the pod was ready in between.
 */
function wasNeverReady({ ready, readinessSince, containers }: Pod): boolean {
  const startedMs = Math.min(
    Infinity,
    ...containers.map(({ runningSince }) => millis(runningSince) || Infinity),
  );
  const hasRestarted = containers.some(({ restarts }) => restarts > 0);
  return !ready && !hasRestarted && millis(readinessSince) <= startedMs;
}

/**
 * The pods that are just starting: younger than the progress deadline and never ready, or not yet created. They are
 * missing because the app grows or is rolled out, not because it failed. Pods that were not created by the deadline do
 * not count.
 */
function startingOf({ observed, tracks, counts, nowMs, deadlineAtMs }: RolloutState): number {
  const deadlineMs = observed.app.spec.progressDeadlineSeconds * 1000;
  const { deployment } = tracks.stable;
  if (deployment === undefined || podRefusalOf(deployment) !== undefined) return 0;
  const pods = [...tracks.stable.pods, ...tracks.candidate.pods];
  const young = pods.filter((pod) => nowMs - millis(pod.createdAt) < deadlineMs && wasNeverReady(pod));
  const absent = nowMs < deadlineAtMs ? Math.max(0, counts.desired - pods.length) : 0;
  return young.length + absent;
}

/** Availability by counts: at least one pod serves, and as many as the floor are available or just starting. */
export function availabilityBy(of: { desired: number; available: number; floor: number; starting: number }) {
  const { desired, available, floor, starting } = of;
  if (desired === 0) return { status: true, summary: reasonMessage("ScaledToZero", { open: "" }) };
  const status = available > 0 && available + starting >= floor;
  return {
    status,
    summary: reasonMessage(status ? "Available" : "Unavailable", {
      available,
      floor: Math.max(1, floor),
    }),
  };
}

/** The availability of an app. A scale-up is no outage; an app without a single available pod always is. */
export const availabilityOf = (state: RolloutState): Availability =>
  availabilityBy({ ...state.counts, floor: state.floor, starting: startingOf(state) });
