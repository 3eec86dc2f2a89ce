import { apiVersion, kind } from "../api/names.ts";
import type { AppEvent } from "../core/events.ts";
import type { App } from "../core/observed.ts";
import type { Report } from "../core/plan.ts";
import type { EventNote, EventRecorder } from "../runtime/events.ts";
import type { Logger } from "../runtime/log.ts";

/** Where events are published. */
export interface EventSinks {
  readonly recorder: EventRecorder;
  readonly log: Logger;
}

interface PublishOptions extends EventSinks {
  /** Selects the report's events to publish now. */
  readonly include: (event: AppEvent) => boolean;
}

const noteOf = ({ namespace, name, uid }: App, { type, reason, message }: AppEvent): EventNote => ({
  target: { apiVersion, kind, namespace, name, uid },
  type,
  reason,
  note: message,
});

/** Logs an event. Its message has no untrusted text: other people may read the operator's log. */
function logEvent(
  { namespace, name }: App,
  event: AppEvent,
  { log, phase }: { log: Logger; phase?: string | undefined },
) {
  const { type, reason, message, hash } = event;
  log[type === "Warning" ? "warn" : "info"]({ namespace, name, reason, phase, hash }, message);
}

/** Publishes an event whose name occurs once: a second one is refused, and not logged. */
export async function publishOnce(
  app: App,
  { name, ...event }: AppEvent & { readonly name: string },
  { recorder, log }: EventSinks,
): Promise<void> {
  if (await recorder.recordOnce(noteOf(app, event), name)) logEvent(app, event, { log });
}

/** Publishes a report's events: as Kubernetes events for the app's users, and as log lines for the cluster's operators. */
export async function publishEvents(
  app: App,
  { events, status }: Report,
  options: PublishOptions,
): Promise<void> {
  const { recorder, log, include } = options;
  const hash = (status.candidate ?? status.stable)?.hash;
  for (const { name, ...event } of events.filter(include)) {
    if (name !== undefined) {
      await publishOnce(app, { ...event, name }, options);
      continue;
    }
    recorder.record(noteOf(app, event));
    logEvent(app, { ...(hash !== undefined && { hash }), ...event }, { log, phase: status.phase });
  }
}
