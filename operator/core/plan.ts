import type { DemoAppStatus } from "../api/schema.ts";
import type { Action } from "./action.ts";
import { blockersOf } from "./blockers.ts";
import { decide } from "./decide.ts";
import { type AppEvent, decidedRevisions, eventsOf } from "./events.ts";
import { type App, type Observed, type ObservedApp, type Revision, millis } from "./observed.ts";
import { withPastTimes } from "./pasttimes.ts";
import { phaseOf } from "./phase.ts";
import { renderRevision, surplusOf } from "./revisions.ts";
import { statusOf, statusOfInvalid } from "./status.ts";
import { strategies } from "./strategies/strategy.ts";
import { type View, viewOf } from "./view.ts";
import { writeBlockersOf } from "./writeblockers.ts";

/** What the operator does about one app now. */
export interface Plan {
  /** Writes in order. After each one the state is consistent: a new plan continues from there. */
  readonly actions: readonly Action[];
  readonly status: DemoAppStatus;
  readonly events: readonly AppEvent[];
  /** When to requeue the app without a change, ms since 1970; undefined if only a change matters. */
  readonly requeueAtMs: number | undefined;
}

const isValid = (observed: Observed): observed is ObservedApp => observed.app.spec !== undefined;

/** True if a revision lost its owner reference: its app was orphaned, or was restored from a backup. */
const hasLostOwner = (app: App, revision: Revision): boolean =>
  !(revision.live.metadata.ownerReferences ?? []).some((owner) => owner.uid === app.uid);

function writeRevisions(view: View, decided: readonly Revision[]): readonly Action[] {
  const { app, revisions } = view.observed;
  const surplus = surplusOf(view.observed, [view.requested, view.stable, view.target]);
  const changed = revisions.filter(
    (revision) => decided.includes(revision) || (hasLostOwner(app, revision) && !surplus.includes(revision)),
  );
  return [
    ...changed.map((revision): Action => ({
      do: "apply",
      object: renderRevision(app, revision),
      why: revision.outcome ?? "start of the rollout",
    })),
    ...surplus.map((revision): Action => ({ do: "delete", object: revision.live, why: "history limit" })),
  ];
}

const minPollMs = 5_000;
const maxPollMs = 60_000;

/** Requeue time for state without a watch (failed mounts, foreign objects): backs off from 5 to 60 s. */
function nextPollAtMs({ nowMs, observed }: View): number {
  const ready = observed.app.status?.conditions?.find(({ type }) => type === "Ready");
  const unreadyMs = ready?.status === "False" ? nowMs - millis(ready.lastTransitionTime) : 0;
  return nowMs + Math.min(maxPollMs, Math.max(minPollMs, unreadyMs / 2));
}

function requeueAtMs(view: View): number | undefined {
  const { nowMs, observed, complete, deadlineAtMs, restartDueAtMs, writeBlockers } = view;
  if (observed.app.spec.suspend) return undefined;
  const deadlineMs = observed.app.spec.progressDeadlineSeconds * 1000;
  const podDeadlines = observed.pods.flatMap(({ containers }) =>
    containers.map(({ runningSince }) => millis(runningSince) + deadlineMs),
  );
  const times = complete
    ? [restartDueAtMs]
    : [restartDueAtMs, deadlineAtMs, ...podDeadlines, nextPollAtMs(view)];
  const next = Math.min(
    Infinity,
    ...times.filter((ms) => ms > nowMs),
    ...(writeBlockers.length > 0 ? [nextPollAtMs(view)] : []),
  );
  return next === Infinity ? undefined : next;
}

function planValid(observed: ObservedApp, nowMs: number): Plan {
  const isReadOnly = observed.app.spec.suspend || writeBlockersOf(observed).length > 0;
  const decided = isReadOnly ? observed : decide(observed, nowMs);
  const revisions = decidedRevisions(observed, decided);
  const view = viewOf(decided, nowMs);
  const { phase, summary } = phaseOf(view);
  const blockers = blockersOf(view);
  const strategy = strategies[decided.app.spec.strategy.type];
  const actions = isReadOnly ? [] : [...writeRevisions(view, revisions), ...strategy(view)];
  return {
    actions,
    status: statusOf(view, phase, { summary, blockers }),
    events: eventsOf(view, { phase, summary, blockers, actions, revisions }),
    requeueAtMs: requeueAtMs(view),
  };
}

/**
 * Plans the next writes for one app. Pure: the same observation and time always give the same plan, so a restarted
 * operator continues an interrupted one.
 */
export function plan(seen: Observed, nowMs: number): Plan {
  const observed = withPastTimes(seen, nowMs);
  if (isValid(observed)) return planValid(observed, nowMs);
  const status = statusOfInvalid(observed, nowMs);
  const isNew = observed.app.status?.phase !== "Degraded" || observed.app.status.message !== status.message;
  const summary = { reason: "InvalidSpec", message: status.message ?? "" } as const;
  return {
    actions: [],
    status,
    events: isNew ? [{ type: "Warning", ...summary }] : [],
    requeueAtMs: undefined,
  };
}
