import { statusFieldManager } from "../api/names.ts";
import type { DemoAppStatus } from "../api/schema.ts";
import { canonical } from "../core/hash.ts";
import type { App } from "../core/observed.ts";
import { StatusWriter, type StatusWriterOptions } from "../runtime/statuswriter.ts";
import type { Change } from "../runtime/storeupdater.ts";
import { resources } from "./resources.ts";
import { storedStatusOf } from "./transform.ts";
import { isUrgentAppChange } from "./urgency.ts";

/** Writes the statuses of DemoApps. */
export type Reporter = StatusWriter<DemoAppStatus>;

/** The status fields that people and tools act on. The others (counts, and messages with counts) change with every pod. */
const significant = (status: DemoAppStatus | undefined): string =>
  canonical([
    status?.observedGeneration,
    status?.phase,
    status?.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
    status?.stable,
    status?.candidate,
    status?.rejected,
    status?.blockers?.map(({ reason }) => reason),
  ]);

export const createReporter = (
  options: Pick<StatusWriterOptions<DemoAppStatus>, "client" | "clock" | "updateCache">,
): Reporter =>
  new StatusWriter({
    ...options,
    resource: resources.DemoApp,
    fieldManager: statusFieldManager,
    statusOf: storedStatusOf,
    textOf: canonical,
    significant,
  });

/** True if a change is only the status that this process has sent: it says nothing new. */
export const isEcho = (reporter: Reporter, change: Change<App>): boolean =>
  !isUrgentAppChange(change) && reporter.isSent(change.object);
