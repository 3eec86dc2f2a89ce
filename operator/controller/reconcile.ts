import type { AppEvent } from "../core/events.ts";
import type { Observed } from "../core/observed.ts";
import { type Plan, type Report, plan, reportOf, undecidedWrites } from "../core/plan.ts";
import type { Clock } from "../runtime/clock.ts";
import { ApiError } from "../runtime/client.ts";
import { byKey } from "../runtime/controller.ts";
import { objectId } from "../runtime/noopapplies.ts";
import type { ReconcileResult } from "../runtime/workqueue.ts";
import { type ActOptions, type Failure, type Results, act } from "./act.ts";
import { confirm, readEarly, refresh } from "./confirm.ts";
import type { Measurer } from "./measure.ts";
import type { AppMetrics } from "./metrics.ts";
import { type ObserveOptions, observe } from "./observe.ts";
import { type EventSinks, publishEvents, publishOnce } from "./publishevents.ts";
import { repairedObjects } from "./repairs.ts";
import type { Reporter } from "./report.ts";
import { resourceOf } from "./resources.ts";

export interface ReconcileOptions
  extends ObserveOptions, Omit<ActOptions, "key" | "onWritten" | "recordOutcome">, EventSinks {
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly measurer: Measurer;
  readonly metrics: AppMetrics;
}

interface Attempt {
  readonly key: string;
  /** How often in a row reconciles of the app have failed until now. */
  readonly failures: number;
}

/** True for a write that was planned with outdated caches: the object has changed, or exists already. */
const isConflict = ({ error }: Failure): boolean =>
  error instanceof ApiError && (error.isConflict || error.isAlreadyExists);

/** Delay in ms before caches that were outdated are used again, if the API server could not bring them up to date. */
const outdatedDelayMs = 500;

/**
 * Reconciles one app: observe, plan, act, report. `plan` makes every decision. The process may be killed at any line:
 * the next reconcile computes the same plan from the objects. The report is written whatever happened to the writes.
 */
export async function reconcile(
  { key, failures }: Attempt,
  options: ReconcileOptions,
): Promise<ReconcileResult> {
  const [observed, early] = await Promise.all([observe(key, options), readEarly(key, options)]);
  if (observed === undefined || observed.app.deleting) return forget(key, options);
  const planned = plan(observed, options.clock.now());
  const confirmation = planned.isIrreversible ? await confirm(planned, { ...options, early }) : "current";
  // At once, unless the cache refuses the newer object: its version counts as older, after a restore of etcd.
  if (confirmation === "outdated")
    return { requeueAfterMs: isUpdated(key, observed, options) ? 0 : outdatedDelayMs };
  if (confirmation === "gone") return { requeueAfterMs: outdatedDelayMs };
  const written = new Set<string>();
  const results =
    confirmation === "current"
      ? await execute(planned, written, options)
      : { refused: [confirmation], failed: [] };
  const conflict = results.failed.find(isConflict);
  const report = reportOf(planned, { ...results, isRepeated: failures > 0 });
  if (conflict !== undefined) {
    // Planned anew at once: the object changed after it was observed. The next plan doesn't know of these writes.
    await publishEvents(observed.app, report, { ...options, include: isOfWrite(written) });
    const isFound = await planAnew(conflict, options);
    const isNewer = conflict.action.do === "create" ? isUpdated(key, observed, options) : isFound;
    return { requeueAfterMs: isNewer ? 0 : outdatedDelayMs };
  }
  options.measurer.follow(key, report.measuring);
  const result = await publish(observed, { report, written }, options).catch((error: unknown) => {
    // The failure of a write explains more than the failure of the status after it.
    throw results.failed[0]?.error ?? error;
  });
  if (results.failed[0] !== undefined) throw results.failed[0].error;
  return result;
}

function forget(key: string, options: ReconcileOptions): ReconcileResult {
  const { metrics, reporter, noOpApplies, repairs, templates, caches, measurer } = options;
  measurer.follow(key, undefined);
  metrics.forget(key);
  templates.forget(key);
  reporter.forget(key);
  repairs.forget(key);
  const revisions = caches.revisions.store.byIndex(byKey, key).map(objectId);
  for (const id of [...repairedObjects(key), ...revisions]) noOpApplies.forget(id);
  return {};
}

/** Brings the caches up to date after a conflict. Returns false if the object is gone. */
async function planAnew({ action, error }: Failure, options: ReconcileOptions): Promise<boolean> {
  const { object } = action;
  options.log.debug({ object: object.metadata.name, cause: error.message }, "planning anew after a conflict");
  return refresh(object, resourceOf(object), options);
}

/**
 * Executes a plan's actions and adds each object that changed to `written`. If the API server refuses to store the
 * decision, the writes that don't depend on the decision are made: scaling and repair go on.
 */
async function execute(planned: Plan, written: Set<string>, options: ReconcileOptions): Promise<Results> {
  const { client, updateCache, noOpApplies, repairs, log } = options;
  const onWritten: ActOptions["onWritten"] = ({ do: verb, object, why }) => {
    const { namespace, name } = object.metadata;
    written.add(`${object.kind}/${name}`);
    log.debug({ namespace, name, kind: object.kind, verb, why }, "wrote");
  };
  const recordOutcome: ActOptions["recordOutcome"] = (outcome) =>
    publishOnce(planned.observed.app, outcome, options);
  const { namespace, name } = planned.observed.app;
  const key = `${namespace}/${name}`;
  const actOptions = { key, client, updateCache, noOpApplies, repairs, onWritten, recordOutcome };
  const results = await act(planned.actions, actOptions);
  if (!results.refused.some(({ scope }) => scope === "revision")) return results;
  const others = await act(undecidedWrites(planned), actOptions);
  return { refused: [...results.refused, ...others.refused], failed: [...results.failed, ...others.failed] };
}

/** True if the caches have another state of the app or of its revisions than was observed. */
function isUpdated(
  key: string,
  { app, revisions, ignoredRevisions }: Observed,
  { caches }: ReconcileOptions,
): boolean {
  const known = new Set([...revisions, ...ignoredRevisions].map(({ live }) => live));
  const cached = caches.revisions.store.byIndex(byKey, key);
  return caches.apps.store.get(app.namespace, app.name) !== app || cached.some((live) => !known.has(live));
}

const isOfWrite =
  (written: ReadonlySet<string>) =>
  ({ wrote }: AppEvent): boolean =>
    wrote !== undefined && written.has(wrote);

interface Outcome {
  readonly report: Report;
  readonly written: ReadonlySet<string>;
}

/**
 * Publishes the events of writes, the status, then the other events. Those report a difference from the status before, and
 * would be repeated if the status were not written.
 */
async function publish(
  { app }: Observed,
  { report, written }: Outcome,
  options: ReconcileOptions,
): Promise<ReconcileResult> {
  const { clock, reporter, metrics } = options;
  await publishEvents(app, report, { ...options, include: isOfWrite(written) });
  const { isDelayed, delayMs } = await reporter.write(app, report.status);
  if (!isDelayed)
    await publishEvents(app, report, { ...options, include: ({ wrote }) => wrote === undefined });
  metrics.observe(app, report.status);
  return {
    requeueAfterMs: earliest(delayMs, report.requeueAtMs && report.requeueAtMs - clock.now()),
  };
}

const earliest = (...delaysMs: readonly (number | undefined)[]): number | undefined => {
  const first = Math.min(Infinity, ...delaysMs.filter((ms) => ms !== undefined));
  return first === Infinity ? undefined : Math.max(0, first);
};
