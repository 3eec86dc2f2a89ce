import { apiVersion, kind } from "../api/names.ts";
import { quoting } from "../api/reasons.ts";
import type { AppEvent } from "../core/events.ts";
import type { App } from "../core/observed.ts";
import type { Plan } from "../core/plan.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Logger } from "../runtime/log.ts";

/** Where what happened is said. */
export interface EventSinks {
  readonly recorder: EventRecorder;
  readonly log: Logger;
}

interface Telling extends EventSinks {
  /** Whether an event is to be told now. */
  readonly tells: (event: AppEvent) => boolean;
}

/** Says what happened: to people by events, to operators by one log line each. */
export function publishEvents(app: App, { events, status }: Plan, { recorder, log, tells }: Telling): void {
  const { namespace, name, uid } = app;
  const serving = (status.candidate ?? status.stable)?.hash;
  for (const { type, reason, message, hash = serving } of events.filter(tells)) {
    recorder.record({ target: { apiVersion, kind, namespace, name, uid }, type, reason, note: message });
    // What a container said in the end stays in its namespace: the log may be read by others.
    const text = quoting.has(reason) ? `${reason}: see the DemoApp's status` : message;
    log[type === "Warning" ? "warn" : "info"]({ namespace, name, reason, phase: status.phase, hash }, text);
  }
}
