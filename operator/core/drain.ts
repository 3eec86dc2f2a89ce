import { fieldManager } from "../api/names.ts";
import { isTime } from "../api/schema/spec.ts";
import type { Manifest } from "./manifest.ts";
import { millis } from "./observed.ts";
import type { RolloutState } from "./rolloutstate.ts";

/**
 * How long pods that lost their traffic stay, in ms: nodes follow the Service's selector up to 5 s later, and the time of
 * the write is known in whole seconds.
 */
const drainMs = 6_000;

/** When the operator last wrote to the Service, ms since 1970; 0 if unknown. */
function writtenAtMs(service: Manifest | undefined): number {
  const times = (service?.metadata.managedFields ?? []).flatMap(({ manager, time = "" }) =>
    manager === fieldManager && isTime(time) ? millis(time) : [],
  );
  return Math.max(0, ...times);
}

/** When a candidate that lost its traffic may go, ms since 1970; Infinity without a candidate. */
export const drainedAtMs = ({ observed, tracks, nowMs }: RolloutState): number =>
  tracks.candidate.deployment === undefined
    ? Infinity
    : Math.min(nowMs, writtenAtMs(observed.service)) + drainMs;
