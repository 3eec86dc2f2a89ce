import { labels } from "../api/names.ts";
import type { DemoAppStatus } from "../api/schema.ts";
import { type Action, inScope, isStopped } from "./action.ts";
import { type Measuring, ownRequestsPerSecond } from "./analysis/pods.ts";
import { firstAnalysis } from "./analysis/state.ts";
import { blockersOf } from "./blockers.ts";
import { converge } from "./converge.ts";
import { type Decision, decide, undecided } from "./decide.ts";
import { replicasOf, templateMetadataOf } from "./deployment.ts";
import { type AppEvent, eventsOf, outcomeEvent } from "./events.ts";
import { factsOf } from "./facts.ts";
import { goalOf } from "./goal.ts";
import { type Observed, type ObservedApp, type Refusal, type Revision } from "./observed.ts";
import { pace } from "./pace.ts";
import { withPastTimes } from "./pasttimes.ts";
import { type Situation, phaseOf } from "./phase.ts";
import { requeueAtMs } from "./requeue.ts";
import { renderOutcome, renderRevision, surplusOf } from "./revisions.ts";
import { type RolloutState, rolloutStateOf } from "./rolloutstate.ts";
import { statusOf, statusOfInvalid } from "./status.ts";
import {
  hasLostOwner,
  hasObsoleteQuote,
  isStored,
  revisionPatch,
  withDeployedRevision,
} from "./storedrevisions.ts";
import { type WriteBlocker, failureBlocker, refusalBlocker, writeBlockersOf } from "./writeblockers.ts";

/** What the operator does about one app now. */
export interface Plan {
  readonly observed: Observed;
  readonly nowMs: number;
  /** Writes in order. After each one the state is consistent: a new plan continues from there. */
  readonly actions: readonly Action[];
  /** True if the plan has writes that must not follow from an outdated spec, command or outcome. */
  readonly isIrreversible: boolean;
  /** Undefined if the spec is invalid. */
  readonly planned: Planned | undefined;
}

interface Planned {
  readonly stored: RolloutState;
  readonly decision: Decision;
  readonly blockers: readonly WriteBlocker[];
}

/** The writes of a plan that were not made. */
export interface Problems {
  readonly refused: readonly Refusal[];
  /** Writes that failed, although a retry may succeed. */
  readonly failed: readonly Refusal[];
  /** True if the reconcile before this one failed too: a single failure is not worth a report. */
  readonly isRepeated: boolean;
}

/** What the operator tells about one app. */
export interface Report {
  readonly status: DemoAppStatus;
  readonly events: readonly AppEvent[];
  /** What the workers need to measure the candidate's requests; undefined if there is nothing to measure. */
  readonly measuring: Measuring | undefined;
  /** When to requeue the app without a change, ms since 1970; undefined if only a change matters. */
  readonly requeueAtMs: number | undefined;
}

const isValid = (observed: Observed): observed is ObservedApp => observed.app.spec !== undefined;

/** The write that stores a revision. An object that is not believed is applied over if it has the revision's name. */
function revisionWrite({ app, ignoredRevisions }: Observed, revision: Revision, why: string): Action {
  const where = { why, ...inScope("revision") };
  if (isStored(revision)) {
    const object = renderOutcome(app, revision);
    const { resourceVersion: over } = object.metadata;
    return { do: "patch", object, patch: revisionPatch(app, revision, object), over, ...where };
  }
  const object = renderRevision(app, revision);
  const isTaken = ignoredRevisions.some(({ live }) => live.metadata.name === object.metadata.name);
  return { do: isTaken ? "apply" : "create", object, ...where };
}

function revisionWrites(decision: Decision): readonly Action[] {
  const { observed } = decision;
  const { app } = observed;
  const surplus = surplusOf(decision);
  const isOutdated = (revision: Revision): boolean =>
    decision.changed.includes(revision) ||
    (!surplus.includes(revision) && (!isStored(revision) || hasLostOwner(app, revision)));
  return [
    ...decision.revisions.filter(isOutdated).map((revision): Action => {
      const outcome = decision.changed.includes(revision) ? outcomeEvent(app, revision) : undefined;
      const why = revision.outcome ?? "start of the rollout";
      return { ...revisionWrite(observed, revision, why), outcome };
    }),
    ...decision.revisions
      .filter((revision) => !isOutdated(revision) && !surplus.includes(revision))
      .filter((revision) => hasObsoleteQuote(revision, decision.stable))
      .map((revision): Action => ({
        ...revisionWrite(observed, { ...revision, quote: undefined }, "quote removed"),
        ...inScope("history"),
      })),
    ...surplus.filter(isStored).map(({ live }): Action => ({
      do: "delete",
      object: live,
      why: "history limit",
      ...inScope("history"),
    })),
  ];
}

/** The writes to the app's objects that are safe now, on the way to the goal of its strategy. */
function objectWrites(decision: Decision): readonly Action[] {
  const goal = goalOf(decision);
  return goal === undefined ? [] : converge(pace(goal, decision), decision);
}

/** True if nothing may be decided: the operator may not write revisions or the Deployment, or the app is not installed. */
const isFrozen = ({ observed, stable }: RolloutState, blockers: readonly WriteBlocker[]): boolean =>
  observed.app.spec.suspend ||
  blockers.some(({ scope }) => stable === undefined || scope === "revision" || scope === "stable");

/** True if a write replaces pods by those of another revision, or removes pods. */
function isDrastic({ do: verb, object, scope }: Action, { tracks }: RolloutState): boolean {
  if (object.kind !== "Deployment" || verb === "take-over") return false;
  // Other writes to Deployments are applies.
  if (verb !== "apply") return true;
  const { deployedHash, size = 0 } = scope === "candidate" ? tracks.candidate : tracks.stable;
  return (
    templateMetadataOf(object)?.labels?.[labels.hash] !== deployedHash || (replicasOf(object) ?? 0) < size
  );
}

function planValid(observed: ObservedApp, nowMs: number): Plan {
  const stored = rolloutStateOf(factsOf(observed, nowMs), observed.revisions);
  const blockers = writeBlockersOf(observed);
  const frozen = isFrozen(stored, blockers);
  const decision = frozen ? undecided(stored) : decide(stored);
  // An app that was never installed is installed completely or not at all.
  const isReadOnly = observed.app.spec.suspend || (frozen && stored.stable === undefined);
  const stopped = new Set(blockers.map(({ scope }) => scope));
  const isStorable = !stopped.delete("revision");
  const writes = isReadOnly
    ? []
    : [...(isStorable ? revisionWrites(decision) : []), ...objectWrites(decision)];
  const actions = writes.filter((action) => !isStopped(action, stopped));
  const isIrreversible =
    decision.changed.length > 0 ||
    actions.some((action) => (action.do === "apply" && action.isNew === true) || isDrastic(action, stored));
  return { observed, nowMs, actions, isIrreversible, planned: { stored, decision, blockers } };
}

/**
 * Plans the next writes for one app. Pure: the same observation and time always give the same plan, so a restarted
 * operator continues an interrupted one.
 */
export function plan(seen: Observed, nowMs: number): Plan {
  const observed = withDeployedRevision(withPastTimes(seen, nowMs));
  return isValid(observed)
    ? planValid(observed, nowMs)
    : { observed, nowMs, actions: [], isIrreversible: false, planned: undefined };
}

/** The writes that depend on no decision: made if the API server refuses to store the decision of the plan. */
export const undecidedWrites = ({ planned }: Plan): readonly Action[] =>
  planned === undefined ? [] : objectWrites(undecided(planned.stored));

function reportInvalid({ observed, nowMs }: Plan): Report {
  const { app } = observed;
  const status = statusOfInvalid(observed, nowMs);
  const isNew = app.status?.phase !== "Degraded" || app.status.message !== status.message;
  const summary = { reason: "InvalidSpec", message: status.message ?? "" } as const;
  return {
    status,
    events: isNew ? [{ type: "Warning", ...summary }] : [],
    measuring: undefined,
    requeueAtMs: undefined,
  };
}

/** A candidate is measured while it has traffic. */
function measuringOf(situation: Situation): Measuring | undefined {
  const { observed, candidate, stable, cursor, settings, served, analysis, nowMs } = situation;
  const { spec } = observed.app;
  if (candidate === undefined || cursor === undefined || settings === undefined) return undefined;
  if (spec.suspend || spec.replicas === 0 || served === undefined || served === "stable") return undefined;
  return {
    settings,
    analysis: analysis ?? firstAnalysis(cursor.rollout, settings, nowMs),
    hashes: { candidate: candidate.hash, stable: served === "both" ? stable?.hash : undefined },
    ownPerSecond: ownRequestsPerSecond(spec),
  };
}

/** What a plan and its result come to. Pure, as `plan` is. */
export function reportOf(result: Plan, { refused, failed, isRepeated }: Problems): Report {
  if (result.planned === undefined) return reportInvalid(result);
  const { stored, decision, blockers } = result.planned;
  const { app } = stored.observed;
  const writeBlockers = [
    ...blockers,
    ...refused.map((refusal) => refusalBlocker(app, refusal)),
    ...(isRepeated ? failed.map(failureBlocker) : []),
  ];
  // The decision is not stored, so the status must not tell it.
  const isDecisionLost = [...refused, ...failed].some(({ scope }) => scope === "revision");
  const situation = { ...(isDecisionLost ? undecided(stored) : decision), writeBlockers };
  const { phase, summary } = phaseOf(situation);
  const allBlockers = blockersOf(situation);
  const { actions } = result;
  const status = statusOf(situation, phase, { summary, blockers: allBlockers });
  return {
    status,
    events: eventsOf(situation, { status, phase, summary, blockers: allBlockers, actions }),
    measuring: measuringOf(situation),
    requeueAtMs: requeueAtMs(situation),
  };
}
