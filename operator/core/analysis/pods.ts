import { containerName, tracks } from "../../api/names.ts";
import type { DemoAppSpec } from "../../api/schema.ts";
import { type Pod, type Tracks, millis } from "../observed.ts";
import { type Analysis, type Settings, looksOf } from "./state.ts";

/** What a rollout needs to be measured. */
export interface Measuring {
  readonly settings: Settings;
  /** What is known up to now. */
  readonly analysis: Analysis;
  /** The revision of each track; undefined for a track without traffic, which is not read. */
  readonly hashes: Tracks<string | undefined>;
  /** Requests per second and pod that the kubelet's probes and the operator cause, if the counters do not tell routes. */
  readonly ownPerSecond: number;
}

/** The measuring with what is known by now, unless another rollout or other settings are measured. */
export function withLatest(measuring: Measuring, known: Analysis | undefined): Measuring {
  const { rollout, settings } = measuring.analysis;
  const isSame = known?.rollout === rollout && known.settings === settings;
  return isSame && looksOf(known) >= looksOf(measuring.analysis)
    ? { ...measuring, analysis: known }
    : measuring;
}

/** Most pods of a track that are read. */
const mostPods = 10;
/** Requests in the first time after a pod became ready are not counted, ms: caches are cold, connections are new. */
const warmUpMs = 30_000;
/** How often the operator reads counters at most, ms. */
export const lookMs = 10_000;

const appContainer = ({ containers }: Pod) => containers.find(({ name }) => name === containerName);

/** When the app's container started, ms since 1970. */
export const startedMs = (pod: Pod): number => millis(appContainer(pod)?.runningSince);

/** How often the app's container was restarted. */
export const restartsOf = (pod: Pod): number => appContainer(pod)?.restarts ?? 0;

/** How often the app's container has ended since it had some restarts; 0 if it ended without an error the last time. */
export function abnormalEnds(pod: Pod, restarts: number): number {
  const { exitCode = 0 } = appContainer(pod)?.terminated ?? {};
  return exitCode === 0 ? 0 : Math.max(0, restartsOf(pod) - restarts);
}

/** True if a pod's counters count. */
export const isWarm = (pod: Pod, nowMs: number): boolean =>
  pod.ready && pod.address !== undefined && nowMs >= millis(pod.readinessSince) + warmUpMs;

/** The pods of the track that serve its revision; those that were read before come first, then a fixed order. */
function pick(pods: readonly Pod[], known: ReadonlySet<string>): readonly Pod[] {
  const rank = ({ uid }: Pod): string => `${known.has(uid) ? 0 : 1}${uid}`;
  return pods.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, mostPods);
}

/** The pods whose counters are followed: at most 10 of each track, drawn anew only when one goes. */
export function followedPods({ analysis, hashes }: Measuring, pods: readonly Pod[]): readonly Pod[] {
  const known = new Set(analysis.baselines.map(({ uid }) => uid));
  return tracks.flatMap((track) =>
    pick(
      pods.filter((pod) => pod.track === track && !pod.deleting && pod.hash === hashes[track]),
      known,
    ),
  );
}

/** True if the stable track has no traffic, or no ready pod that could have any: the limit alone decides. */
export const isStableDown = ({ hashes }: Measuring, pods: readonly Pod[]): boolean =>
  hashes.stable === undefined ||
  !pods.some((pod) => pod.track === "stable" && pod.ready && !pod.deleting && pod.hash === hashes.stable);

/** How many requests per second the kubelet's HTTP probes and the operator send to a pod. */
export function ownRequestsPerSecond({ probes: { liveness, readiness } }: DemoAppSpec): number {
  const http = [liveness, readiness].filter(
    (probe) => !probe.disabled && !probe.exec && !probe.grpc && !probe.tcp,
  );
  return http.reduce((sum, { periodSeconds }) => sum + 1 / periodSeconds, 1000 / lookMs);
}
