import { type ReasonMessage, asSentence, reasonMessage, withNext } from "../api/reasons.ts";
import type { DemoAppStatus, Phase } from "../api/schema.ts";
import type { Action } from "./action.ts";
import type { DatedBlocker } from "./blockers.ts";
import type { App, Outcome, Revision } from "./observed.ts";
import { type Situation, deadlineProblem } from "./phase.ts";
import { managerText } from "./text.ts";

/** Longest message of a Kubernetes Event, in characters. */
const maxEventMessage = 1024;

/** An event of an app, for `kubectl describe`. `Warning` means that a person has to act. */
export interface AppEvent extends Omit<ReasonMessage, "quote"> {
  readonly type: "Normal" | "Warning";
  /** The object, as `Kind/name`, whose write this event reports. The event is published once that write succeeded. */
  readonly wrote?: string;
  /** The hash of the revision that this event is about. */
  readonly hash?: string;
  /** A name that occurs once, so that the API server refuses a second such event. */
  readonly name?: string;
}

type NamedEvent = AppEvent & { readonly name: string };

/** An event that occurs once per rollout, by what it reports. */
const onceOf = (
  app: App,
  { rollout, hash }: Revision,
  { what, ...event }: AppEvent & { what: string },
): NamedEvent => ({
  ...event,
  hash,
  name: `${app.name}.${app.uid}.${rollout}.${what}`,
});

const normal = ({ reason, message }: ReasonMessage): AppEvent => ({ type: "Normal", reason, message });
const warning = ({ reason, message }: ReasonMessage): AppEvent => ({ type: "Warning", reason, message });

const outcomeEvents: Readonly<Record<Outcome, (revision: Revision) => AppEvent>> = {
  accepted: ({ rollout, image, reason }) =>
    normal(reasonMessage("RolloutAccepted", { rollout, image, isUndecided: reason === "PromotedUndecided" })),
  rejected: ({ rollout, image, message, reason }) =>
    warning(reasonMessage("RevisionRejected", { rollout, image, why: message ?? reason ?? "" })),
  superseded: ({ rollout, image }) => normal(reasonMessage("RolloutSuperseded", { rollout, image })),
};

/** The event that reports the end of a rollout; undefined before the end. */
export const outcomeEvent = (app: App, revision: Revision): NamedEvent | undefined =>
  revision.outcome &&
  onceOf(app, revision, { what: revision.outcome, ...outcomeEvents[revision.outcome](revision) });

/**
 * The event that reports the start of a long rollout, when the status first tells the rollout's step. The end alone is
 * reported of a short one.
 */
function startEvents(
  { observed: { app }, candidate }: Situation,
  { step }: DemoAppStatus,
): readonly AppEvent[] {
  const before = app.status;
  const isSame = before?.candidate?.rollout === candidate?.rollout;
  const isTold = before?.step !== undefined && (isSame || before.step.startedAt === step?.startedAt);
  if (candidate === undefined || step === undefined || isTold) return [];
  const event = normal(
    reasonMessage("RolloutStarted", { rollout: candidate.rollout, image: candidate.image }),
  );
  return [onceOf(app, candidate, { what: "started", ...event })];
}

/** The event of a write that reverts a manual change; undefined for other writes. */
function repairEvent({ stable, changed }: Situation, action: Action): AppEvent | undefined {
  const { kind, metadata } = action.object;
  const wrote = `${kind}/${metadata.name}`;
  const object = `${kind} ${metadata.name}`;
  if (action.reverts !== undefined) {
    const manager = managerText(action.reverts.manager);
    return { ...normal(reasonMessage("DriftRepaired", { object, manager })), wrote };
  }
  // A rollout with steps creates objects for its candidate.
  const isRecreated =
    action.why === "create" &&
    action.scope !== "candidate" &&
    action.scope !== "preview" &&
    stable !== undefined &&
    !changed.includes(stable);
  return isRecreated ? { ...normal(reasonMessage("ObjectRecreated", { object })), wrote } : undefined;
}

/** One event for each object: a take-over and the apply after it revert the same change. */
function repairEvents(situation: Situation, actions: readonly Action[]): readonly AppEvent[] {
  const events = actions.flatMap((action) => repairEvent(situation, action) ?? []);
  return events.filter(({ wrote }, i) => events.findIndex((other) => other.wrote === wrote) === i);
}

/** The parts of a plan that events report. */
export interface EventInput {
  readonly status: DemoAppStatus;
  readonly phase: Phase;
  readonly summary: ReasonMessage;
  readonly blockers: readonly DatedBlocker[];
  readonly actions: readonly Action[];
}

/** True if a person has to act on the new phase. The end of the rollout has already reported `RolledBack`. */
const needsAction = (phase: Phase, { reason }: ReasonMessage): boolean =>
  phase === "Degraded" && reason !== "RolledBack";

/** One event for a new phase; none if the events of a rollout report the change already. */
function phaseEvents(
  { observed, candidate, changed }: Situation,
  { phase, summary }: EventInput,
): readonly AppEvent[] {
  const before = observed.app.status;
  if (before?.phase === undefined || before.phase === phase || changed.length > 0) return [];
  if (needsAction(phase, summary)) return [warning(summary)];
  // A rollout has started or ended, and the status is written only now.
  return before.candidate?.rollout === candidate?.rollout ? [normal(summary)] : [];
}

/** Blockers that usually clear without action: a Normal event before the progress deadline, a Warning after it. */
const transient: ReadonlySet<string> = new Set(["NotReady", "NameInDeletion", "WriteFailed"]);

const blockerEvent = (situation: Situation, { reason, message, next }: DatedBlocker): AppEvent =>
  (transient.has(reason) && deadlineProblem(situation) === undefined ? normal : warning)({
    reason,
    message: withNext(asSentence(message), next, maxEventMessage),
  });

/**
 * One event per transition: a rollout that takes long, a new phase, a new blocker, reverted manual changes. `outcomeEvent`
 * reports the end of a rollout.
 */
export function eventsOf(situation: Situation, input: EventInput): readonly AppEvent[] {
  const phases = phaseEvents(situation, input);
  const known = new Set((situation.observed.app.status?.blockers ?? []).map(({ reason }) => reason));
  const reported = new Set<string>([...known, "RevisionRejected", ...phases.map(({ reason }) => reason)]);
  const blockers = input.blockers.filter(({ reason }) => !reported.has(reason));
  return [
    ...startEvents(situation, input.status),
    ...phases,
    ...blockers.map((blocker) => blockerEvent(situation, blocker)),
    ...repairEvents(situation, input.actions),
  ];
}
