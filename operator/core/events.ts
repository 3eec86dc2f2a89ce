import { type ReasonMessage, asSentence, reasonMessage, withNext } from "../api/reasons.ts";
import type { Phase } from "../api/schema.ts";
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
}

const normal = ({ reason, message }: ReasonMessage): AppEvent => ({ type: "Normal", reason, message });
const warning = ({ reason, message }: ReasonMessage): AppEvent => ({ type: "Warning", reason, message });

const outcomeEvents: Readonly<Record<Outcome, (revision: Revision) => AppEvent>> = {
  accepted: ({ rollout, image }) => normal(reasonMessage("RolloutAccepted", { rollout, image })),
  rejected: ({ rollout, image, message, reason }) =>
    warning(reasonMessage("RevisionRejected", { rollout, image, why: message ?? reason ?? "" })),
  superseded: ({ rollout, image }) => normal(reasonMessage("RolloutSuperseded", { rollout, image })),
};

/**
 * The event that reports the end of a rollout; undefined before the end. Its name occurs once per rollout and outcome,
 * so that the API server refuses a second one.
 */
export function outcomeEvent(app: App, revision: Revision): (AppEvent & { name: string }) | undefined {
  const { outcome, rollout, hash } = revision;
  if (outcome === undefined) return undefined;
  return { ...outcomeEvents[outcome](revision), hash, name: `${app.name}.${app.uid}.${rollout}.${outcome}` };
}

function startEvents(revisions: readonly Revision[]): readonly AppEvent[] {
  const started = revisions.filter(({ outcome }) => outcome === undefined);
  return started.map(({ rollout, image, hash, live: { kind, metadata } }) => {
    const event = normal(reasonMessage("RolloutStarted", { rollout, image }));
    return { ...event, wrote: `${kind}/${metadata.name}`, hash };
  });
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
  const isRecreated = action.why === "create" && stable !== undefined && !changed.includes(stable);
  return isRecreated ? { ...normal(reasonMessage("ObjectRecreated", { object })), wrote } : undefined;
}

/** One event for each object: a take-over and the apply after it revert the same change. */
function repairEvents(situation: Situation, actions: readonly Action[]): readonly AppEvent[] {
  const events = actions.flatMap((action) => repairEvent(situation, action) ?? []);
  return events.filter(({ wrote }, i) => events.findIndex((other) => other.wrote === wrote) === i);
}

/** The parts of a plan that events report. */
export interface EventInput {
  readonly phase: Phase;
  readonly summary: ReasonMessage;
  readonly blockers: readonly DatedBlocker[];
  readonly actions: readonly Action[];
}

/** True if a person has to act on the new phase. The end of the rollout has already reported `RolledBack`. */
const needsAction = (phase: Phase, { reason }: ReasonMessage): boolean =>
  phase === "Degraded" && reason !== "RolledBack";

/** One event for a new phase; none if the events of a rollout report the change already. */
function phaseEvents({ observed, changed }: Situation, { phase, summary }: EventInput): readonly AppEvent[] {
  const before = observed.app.status?.phase;
  if (before === undefined || before === phase || changed.length > 0) return [];
  return [needsAction(phase, summary) ? warning(summary) : normal(summary)];
}

/** Blockers that usually clear without action: a Normal event before the progress deadline, a Warning after it. */
const transient: ReadonlySet<string> = new Set(["NotReady", "NameInDeletion", "WriteFailed"]);

const blockerEvent = (situation: Situation, { reason, message, next }: DatedBlocker): AppEvent =>
  (transient.has(reason) && deadlineProblem(situation) === undefined ? normal : warning)({
    reason,
    message: withNext(asSentence(message), next, maxEventMessage),
  });

/**
 * One event per transition: rollouts that started, a new phase, a new blocker, reverted manual changes. `outcomeEvent`
 * reports the end of a rollout.
 */
export function eventsOf(situation: Situation, input: EventInput): readonly AppEvent[] {
  const phases = phaseEvents(situation, input);
  const known = new Set((situation.observed.app.status?.blockers ?? []).map(({ reason }) => reason));
  const reported = new Set<string>([...known, "RevisionRejected", ...phases.map(({ reason }) => reason)]);
  const blockers = input.blockers.filter(({ reason }) => !reported.has(reason));
  return [
    ...startEvents(situation.changed),
    ...phases,
    ...blockers.map((blocker) => blockerEvent(situation, blocker)),
    ...repairEvents(situation, input.actions),
  ];
}
