import { type Plan, plan } from "../core/plan.ts";
import type { Refusal } from "../core/observed.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ReconcileResult } from "../runtime/workqueue.ts";
import { type ActOptions, act } from "./act.ts";
import { type EventSinks, publishEvents } from "./publishevents.ts";
import type { AppMetrics } from "./metrics.ts";
import { type ObserveOptions, observe } from "./observe.ts";
import type { Reporter } from "./report.ts";

export interface ReconcileOptions extends ObserveOptions, Omit<ActOptions, "onWritten">, EventSinks {
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly metrics: AppMetrics;
}

/**
 * Reconciles one app: observe, plan, act, report. `plan` makes every decision. The process may be killed at any line:
 * the next reconcile computes the same plan from the objects.
 */
export async function reconcile(key: string, options: ReconcileOptions): Promise<ReconcileResult> {
  const { clock, reporter, metrics } = options;
  const observed = await observe(key, options);
  if (observed === undefined || observed.app.deleting) {
    metrics.forget(key);
    reporter.forget(key);
    options.noOpApplies.forget(key);
    return {};
  }
  const { app } = observed;
  const planned = plan(observed, clock.now());
  const written = new Set<string>();
  const refused = await executePlan(planned, written, options);
  publishEvents(app, planned, {
    ...options,
    include: ({ wrote }) => wrote !== undefined && written.has(wrote),
  });
  const result = refused ? plan({ ...observed, refused }, clock.now()) : planned;
  const statusDelayMs = await reporter.report(app, result.status);
  publishEvents(app, result, { ...options, include: ({ wrote }) => wrote === undefined });
  metrics.observe(app, result.status);
  return { requeueAfterMs: earliest(statusDelayMs, result.requeueAtMs && result.requeueAtMs - clock.now()) };
}

/** Executes a plan's actions and adds each object that changed to `written`. Returns the refusal, if any. */
function executePlan(
  { actions }: Plan,
  written: Set<string>,
  options: ReconcileOptions,
): Promise<Refusal | undefined> {
  const { client, updateCache, noOpApplies, log } = options;
  const onWritten: ActOptions["onWritten"] = ({ do: verb, object, why }) => {
    const { namespace, name } = object.metadata;
    written.add(`${object.kind}/${name}`);
    log.debug({ namespace, name, kind: object.kind, verb, why }, "wrote");
  };
  return act(actions, { client, updateCache, noOpApplies, onWritten });
}

const earliest = (...delaysMs: readonly (number | undefined)[]): number | undefined => {
  const first = Math.min(Infinity, ...delaysMs.filter((ms) => ms !== undefined));
  return first === Infinity ? undefined : Math.max(0, first);
};
