import type { DemoAppSpec } from "../../api/schema.ts";
import { podRefusalOf } from "../deployment.ts";
import { verdictOf } from "../health.ts";
import type { Strategy } from "./strategy.ts";

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

/**
 * Rolling update, in one step: the Deployment gets the target's pod template, and the Deployment controller replaces
 * the pods within maxSurge and maxUnavailable. A rollback works the same way, with the stable revision as the target.
 */
export const rolling: Strategy = {
  verdict: ({ observed, tracks, progress, nowMs }, revision) => {
    const { spec } = observed.app;
    return verdictOf(tracks.stable.pods, {
      revision,
      progressAtMs: progress.atMs,
      deadlineMs: spec.progressDeadlineSeconds * 1000,
      minReadyMs: spec.minReadySeconds * 1000,
      delays: delaysText(spec),
      nowMs,
      isRefused: podRefusalOf(tracks.stable.deployment) !== undefined,
      watchedSinceMs: observed.watchedSinceMs,
    });
  },

  // Without pods nothing is proven: the outcome stays open until pods run.
  isDone: ({ complete, observed }) => complete && observed.app.spec.replicas > 0,

  goal: ({ target, observed }) =>
    target && {
      tracks: { stable: { revision: target, size: observed.app.spec.replicas }, candidate: undefined },
      traffic: "stable",
    },
};
