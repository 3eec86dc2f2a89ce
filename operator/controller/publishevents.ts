import { apiVersion, kind } from "../api/names.ts";
import { outputReasons } from "../api/reasons.ts";
import type { AppEvent } from "../core/events.ts";
import type { App } from "../core/observed.ts";
import type { Plan } from "../core/plan.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Logger } from "../runtime/log.ts";

/** Where events are published. */
export interface EventSinks {
  readonly recorder: EventRecorder;
  readonly log: Logger;
}

interface PublishOptions extends EventSinks {
  /** Selects the plan's events to publish now. */
  readonly include: (event: AppEvent) => boolean;
}

/** Publishes a plan's events: as Kubernetes events for the app's users, and as log lines for the cluster's operators. */
export function publishEvents(
  app: App,
  { events, status }: Plan,
  { recorder, log, include }: PublishOptions,
): void {
  const { namespace, name, uid } = app;
  const currentHash = (status.candidate ?? status.stable)?.hash;
  for (const { type, reason, message, hash = currentHash } of events.filter(include)) {
    recorder.record({ target: { apiVersion, kind, namespace, name, uid }, type, reason, note: message });
    // Log output of a container stays in its namespace: other people may read the operator's log.
    const text = outputReasons.has(reason) ? `${reason}: see the DemoApp's status` : message;
    log[type === "Warning" ? "warn" : "info"]({ namespace, name, reason, phase: status.phase, hash }, text);
  }
}
