import { statusFieldManager } from "../api/names.ts";
import type { DemoAppStatus } from "../api/schema.ts";
import { canonical } from "../core/hash.ts";
import { once } from "../core/memo.ts";
import type { App } from "../core/observed.ts";
import { StatusWriter, type StatusWriterOptions, type Urgency } from "../runtime/statuswriter.ts";
import type { Change } from "../runtime/storeupdater.ts";
import { resources } from "./resources.ts";
import { storedStatusOf } from "./transform.ts";
import { isUrgentAppChange } from "./urgency.ts";

/** Writes the statuses of DemoApps. */
export type Reporter = StatusWriter<DemoAppStatus>;

/** The status fields that people and tools act on. The others (counts, and messages with counts) change with every pod. */
const significant = once((status: DemoAppStatus) =>
  canonical([
    status.observedGeneration,
    status.phase,
    status.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
    status.stable,
    status.candidate,
    status.step?.startedAt,
    status.rejected,
    status.blockers?.map(({ reason }) => reason),
  ]),
);

const isAvailable = ({ conditions = [] }: DemoAppStatus): boolean =>
  conditions.some(({ type, status }) => type === "Available" && status === "True");

/**
 * True while a rollout goes on as it should, so that nobody has to act. Most rollouts of one pod end within a second: the
 * first status is then that of the end.
 */
const isGoingWell = (before: DemoAppStatus, after: DemoAppStatus): boolean =>
  /^(Installing|Progressing|Promoting)$/.test(after.phase ?? "") &&
  (after.blockers ?? []).length === 0 &&
  (isAvailable(after) || !isAvailable(before));

/** How soon a status is written. */
export function urgencyOf(before: DemoAppStatus = {}, after: DemoAppStatus): Urgency {
  if (significant(before) === significant(after)) return "rarely";
  return isGoingWell(before, after) ? "soon" : "now";
}

const canonicalStatus = once(canonical);

export const createReporter = (
  options: Pick<StatusWriterOptions<DemoAppStatus>, "client" | "clock" | "updateCache">,
): Reporter =>
  new StatusWriter({
    ...options,
    resource: resources.DemoApp,
    fieldManager: statusFieldManager,
    statusOf: storedStatusOf,
    textOf: (status) => (status === undefined ? "" : canonicalStatus(status)),
    urgencyOf,
  });

/** True if a change is only the status that this process has sent: it says nothing new. */
export const isEcho = (reporter: Reporter, change: Change<App>): boolean =>
  !isUrgentAppChange(change) && reporter.isSent(change.object);
