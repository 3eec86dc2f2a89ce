import { apiVersion, kind } from "../api/names.ts";
import { quoting } from "../api/reasons.ts";
import { type Plan, plan } from "../core/plan.ts";
import type { AppEvent } from "../core/events.ts";
import type { App, Refusal } from "../core/observed.ts";
import type { Clock } from "../runtime/clock.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { ApiClient } from "../runtime/kubernetes.ts";
import type { Logger } from "../runtime/log.ts";
import type { ReconcileResult } from "../runtime/workqueue.ts";
import { type ActOptions, type Futile, act } from "./act.ts";
import type { AppMetrics } from "./metrics.ts";
import { type Caches, observe } from "./observe.ts";
import type { Reporter } from "./report.ts";
import type { Warnings } from "./warnings.ts";

export interface ReconcileOptions {
  readonly caches: Caches;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly warnings: Warnings;
  readonly learn: ActOptions["learn"];
  readonly futile: Futile;
  readonly reporter: Reporter;
  readonly recorder: EventRecorder;
  readonly metrics: AppMetrics;
  readonly log: Logger;
}

/**
 * Brings one app closer to what its DemoApp asks for: observe, plan, act, report. The whole controller in one
 * page; everything it decides is in `plan`, and it may be cut off at any line.
 */
export async function reconcile(key: string, options: ReconcileOptions): Promise<ReconcileResult> {
  const { clock, reporter, metrics } = options;
  const observed = await observe(key, options);
  if (observed === undefined || observed.app.deleting) {
    metrics.forget(key);
    reporter.forget(key);
    return {};
  }
  const { app } = observed;
  const intended = plan(observed, clock.now());
  const written = new Set<string>();
  const refused = await carryOut(intended, written, options);
  announce(app, intended, { ...options, tells: ({ wrote }) => wrote !== undefined && written.has(wrote) });
  const result = refused ? plan({ ...observed, refused }, clock.now()) : intended;
  const heldBackMs = await reporter.report(app, result.status);
  announce(app, result, { ...options, tells: ({ wrote }) => wrote === undefined });
  metrics.observe(app, result.status);
  return { requeueAfterMs: earliest(heldBackMs, result.wakeAtMs && result.wakeAtMs - clock.now()) };
}

/** Makes a plan's writes and notes which were made; returns what the API server refused for good. */
function carryOut(
  { actions }: Plan,
  written: Set<string>,
  options: ReconcileOptions,
): Promise<Refusal | undefined> {
  const { client, learn, futile, log } = options;
  const onDone: ActOptions["onDone"] = ({ do: verb, object, why }) => {
    const { namespace, name } = object.metadata;
    written.add(`${object.kind}/${name}`);
    log.debug({ namespace, name, kind: object.kind, verb, why }, "wrote");
  };
  return act(actions, { client, learn, futile, onDone });
}

interface Telling extends ReconcileOptions {
  readonly tells: (event: AppEvent) => boolean;
}

/** Says what happened: to people by events, to operators by one log line each. */
function announce(app: App, { events, status }: Plan, { recorder, log, tells }: Telling): void {
  const { namespace, name, uid } = app;
  const serving = (status.candidate ?? status.stable)?.hash;
  for (const { type, reason, message, hash = serving } of events.filter(tells)) {
    recorder.record({ target: { apiVersion, kind, namespace, name, uid }, type, reason, note: message });
    // What a container said in the end stays in its namespace: the log may be read by others.
    const text = quoting.has(reason) ? `${reason}: see the DemoApp's status` : message;
    log[type === "Warning" ? "warn" : "info"]({ namespace, name, reason, phase: status.phase, hash }, text);
  }
}

const earliest = (...delaysMs: readonly (number | undefined)[]): number | undefined => {
  const first = Math.min(Infinity, ...delaysMs.filter((ms) => ms !== undefined));
  return first === Infinity ? undefined : Math.max(0, first);
};
