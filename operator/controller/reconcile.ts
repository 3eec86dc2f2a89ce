import { type Plan, plan } from "../core/plan.ts";
import type { Refusal } from "../core/observed.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ReconcileResult } from "../runtime/workqueue.ts";
import { type ActOptions, act } from "./act.ts";
import { type EventSinks, publishEvents } from "./publishevents.ts";
import type { AppMetrics } from "./metrics.ts";
import { type ObserveOptions, observe } from "./observe.ts";
import type { Reporter } from "./report.ts";

export interface ReconcileOptions extends ObserveOptions, Omit<ActOptions, "onDone">, EventSinks {
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly metrics: AppMetrics;
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
    options.noOpApplies.forget(key);
    return {};
  }
  const { app } = observed;
  const intended = plan(observed, clock.now());
  const written = new Set<string>();
  const refused = await carryOut(intended, written, options);
  publishEvents(app, intended, {
    ...options,
    tells: ({ wrote }) => wrote !== undefined && written.has(wrote),
  });
  const result = refused ? plan({ ...observed, refused }, clock.now()) : intended;
  const heldBackMs = await reporter.report(app, result.status);
  publishEvents(app, result, { ...options, tells: ({ wrote }) => wrote === undefined });
  metrics.observe(app, result.status);
  return { requeueAfterMs: earliest(heldBackMs, result.requeueAtMs && result.requeueAtMs - clock.now()) };
}

/** Makes a plan's writes and notes which were made; returns what the API server refused for good. */
function carryOut(
  { actions }: Plan,
  written: Set<string>,
  options: ReconcileOptions,
): Promise<Refusal | undefined> {
  const { client, learn, noOpApplies, log } = options;
  const onDone: ActOptions["onDone"] = ({ do: verb, object, why }) => {
    const { namespace, name } = object.metadata;
    written.add(`${object.kind}/${name}`);
    log.debug({ namespace, name, kind: object.kind, verb, why }, "wrote");
  };
  return act(actions, { client, learn, noOpApplies, onDone });
}

const earliest = (...delaysMs: readonly (number | undefined)[]): number | undefined => {
  const first = Math.min(Infinity, ...delaysMs.filter((ms) => ms !== undefined));
  return first === Infinity ? undefined : Math.max(0, first);
};
