import { type ReasonMessage, reasonMessage } from "../../api/reasons.ts";
import type { DemoAppSpec } from "../../api/schema.ts";
import { podRefusalOf } from "../deployment.ts";
import { verdictOf } from "../health.ts";
import type { RolloutState } from "../rolloutstate.ts";

/** The settings that delay a pod's readiness: "readiness initialDelaySeconds 30, minReadySeconds 15". */
function delaysText({ probes, minReadySeconds }: DemoAppSpec): string {
  const delays = [
    ["startup initialDelaySeconds", probes.startup?.initialDelaySeconds],
    ["readiness initialDelaySeconds", probes.readiness.initialDelaySeconds],
    ["minReadySeconds", minReadySeconds],
  ] as const;
  return delays
    .filter(([, seconds]) => seconds !== undefined && seconds > 0)
    .map((delay) => delay.join(" "))
    .join(", ");
}

/** What speaks against the candidate by its own pods and their requests; undefined without a stable revision to restore. */
export function verdictOn(state: RolloutState): ReasonMessage | undefined {
  const { observed, stable, candidate, track, tracks, progress, sizes, nowMs } = state;
  if (stable === undefined || candidate === undefined) return undefined;
  const { spec } = observed.app;
  const ofPods = verdictOf(tracks[track].pods, {
    revision: candidate,
    progressAtMs: progress.atMs,
    deadlineMs: spec.progressDeadlineSeconds * 1000,
    minReadyMs: spec.minReadySeconds * 1000,
    delays: delaysText(spec),
    nowMs,
    isRefused: podRefusalOf(tracks[track].deployment) !== undefined,
    wasReached: track === "candidate" && progress.stored.best >= sizes.candidate,
    watchedSinceMs: observed.watchedSinceMs,
  });
  if (ofPods !== undefined || state.conclusion?.verdict !== "Failed") return ofPods;
  const { metric, message } = state.conclusion;
  return reasonMessage(metric === "errors" ? "TooManyErrors" : "TooSlow", { counts: message });
}
