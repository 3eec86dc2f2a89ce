import type { DemoAppStatus } from "../api/schema.ts";
import type { Action } from "./action.ts";
import { blockersOf } from "./blockers.ts";
import { decide } from "./decide.ts";
import { type AppEvent, decidedIn, eventsOf } from "./events.ts";
import { holdsOf } from "./writeblockers.ts";
import { type App, type Observed, type ObservedApp, type Revision, millis } from "./observed.ts";
import { withPastTimes } from "./pasttimes.ts";
import { phaseOf } from "./phase.ts";
import { renderRevision, surplusOf } from "./revisions.ts";
import { statusOf, statusOfInvalid } from "./status.ts";
import { strategies } from "./strategies/strategy.ts";
import { type View, viewOf } from "./view.ts";

/** What is to be done about one app now. */
export interface Plan {
  /** Writes, in this order; each leaves a state that the next plan goes on from. */
  readonly actions: readonly Action[];
  readonly status: DemoAppStatus;
  readonly events: readonly AppEvent[];
  /** When to look again though nothing has changed, ms since 1970; undefined if only a change matters. */
  readonly requeueAtMs: number | undefined;
}

const isValid = (observed: Observed): observed is ObservedApp => observed.app.spec !== undefined;

/** Revisions of an orphaned or restored app belong to it again. */
const isDisowned = (app: App, revision: Revision): boolean =>
  !(revision.live.metadata.ownerReferences ?? []).some((owner) => owner.uid === app.uid);

function writeRevisions(view: View, decided: readonly Revision[]): readonly Action[] {
  const { app, revisions } = view.observed;
  const surplus = surplusOf(view.observed, [view.wanted, view.lastGood, view.target]);
  const changed = revisions.filter(
    (revision) => decided.includes(revision) || (isDisowned(app, revision) && !surplus.includes(revision)),
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

const shortestLookMs = 5_000;
const longestLookMs = 60_000;

/** Looks again at what sends no watch event (a volume that can't be mounted, a foreign object), less and less often. */
function nextLookMs(view: View): number {
  const { nowMs, observed } = view;
  const ready = observed.app.status?.conditions?.find(({ type }) => type === "Ready");
  const forMs = ready?.status === "False" ? nowMs - millis(ready.lastTransitionTime) : 0;
  return nowMs + Math.min(longestLookMs, Math.max(shortestLookMs, forMs / 2));
}

function requeueAtMs(view: View): number | undefined {
  const { nowMs, observed, complete, deadlineAtMs, restartDueAtMs, held } = view;
  if (observed.app.spec.suspend) return undefined;
  const deadlineMs = observed.app.spec.progressDeadlineSeconds * 1000;
  const runs = observed.pods.flatMap(({ containers }) =>
    containers.map(({ runningSince }) => millis(runningSince)),
  );
  const times = complete
    ? [restartDueAtMs]
    : [restartDueAtMs, deadlineAtMs, ...runs.map((ms) => ms + deadlineMs), nextLookMs(view)];
  const next = Math.min(
    Infinity,
    ...times.filter((ms) => ms > nowMs),
    ...(held.length > 0 ? [nextLookMs(view)] : []),
  );
  return next === Infinity ? undefined : next;
}

function planValid(observed: ObservedApp, nowMs: number): Plan {
  const held = observed.app.spec.suspend || holdsOf(observed).length > 0;
  const decided = held ? observed : decide(observed, nowMs);
  const revisions = decidedIn(observed, decided);
  const view = viewOf(decided, nowMs);
  const { phase, said } = phaseOf(view);
  const blockers = blockersOf(view);
  const strategy = strategies[decided.app.spec.strategy.type];
  const actions = held ? [] : [...writeRevisions(view, revisions), ...strategy(view)];
  return {
    actions,
    status: statusOf(view, phase, { said, blockers }),
    events: eventsOf(view, { phase, said, blockers, actions, revisions }),
    requeueAtMs: requeueAtMs(view),
  };
}

/**
 * Decides about one app: pure, so the same observation at the same moment always gives the same plan, and
 * whoever plans next goes on where this one was cut off.
 */
export function plan(seen: Observed, nowMs: number): Plan {
  const observed = withPastTimes(seen, nowMs);
  if (isValid(observed)) return planValid(observed, nowMs);
  const status = statusOfInvalid(observed, nowMs);
  const isNew = observed.app.status?.phase !== "Degraded" || observed.app.status.message !== status.message;
  const said = { reason: "InvalidSpec", message: status.message ?? "" } as const;
  return { actions: [], status, events: isNew ? [{ type: "Warning", ...said }] : [], requeueAtMs: undefined };
}
