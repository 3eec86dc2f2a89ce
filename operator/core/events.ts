import { fieldManager } from "../api/names.ts";
import { type ReasonMessage, asSentence, reasonMessage, withNext } from "../api/reasons.ts";
import type { Blocker, Phase } from "../api/schema.ts";
import type { Action } from "./action.ts";
import type { Manifest } from "./manifest.ts";
import type { ObservedApp, Revision } from "./observed.ts";
import { deadlinePassed } from "./phase.ts";
import type { View } from "./view.ts";

/** Longest message of a Kubernetes Event, in characters. */
const maxEventMessage = 1024;

/** An event of an app, for `kubectl describe`. `Warning` means that a person has to act. */
export interface AppEvent extends ReasonMessage {
  readonly type: "Normal" | "Warning";
  /** The object, as `Kind/name`, whose write this event reports. The event is published once that write succeeded. */
  readonly wrote?: string;
  /** The hash of the revision that this event is about. */
  readonly hash?: string;
}

const normal = (event: ReasonMessage): AppEvent => ({ type: "Normal", ...event });
const warning = (event: ReasonMessage): AppEvent => ({ type: "Warning", ...event });

function outcomeEvent(revision: Revision): AppEvent {
  const { rollout, image, outcome } = revision;
  if (outcome === "rejected") {
    const why = revision.message ?? revision.reason ?? "";
    return warning(reasonMessage("RevisionRejected", { rollout, image, why }));
  }
  if (outcome === "accepted") return normal(reasonMessage("RolloutAccepted", { rollout, image }));
  if (outcome === "superseded") return normal(reasonMessage("RolloutSuperseded", { rollout, image }));
  return normal(reasonMessage("RolloutStarted", { rollout, image }));
}

function revisionEvent(revision: Revision): AppEvent {
  const { kind, metadata } = revision.live;
  return { ...outcomeEvent(revision), wrote: `${kind}/${metadata.name}`, hash: revision.hash };
}

/** The revisions that `decide` started or ended. */
export const decidedRevisions = (before: ObservedApp, after: ObservedApp): readonly Revision[] =>
  after.revisions.filter((revision) => !before.revisions.includes(revision));

/** The field manager, other than the operator, that last wrote to an object's spec. */
function lastWriter(live: Manifest): string {
  const others = (live.metadata.managedFields ?? []).filter(
    (entry) => entry.manager !== fieldManager && entry.fieldsV1?.["f:spec"] !== undefined,
  );
  return others.toSorted((a, b) => (b.time ?? "").localeCompare(a.time ?? ""))[0]?.manager ?? "someone";
}

function driftEvents(view: View, actions: readonly Action[]): readonly AppEvent[] {
  const kinds = new Set(actions.filter((action) => action.why === "drift").map(({ object }) => object.kind));
  return [view.observed.deployment, view.observed.service].flatMap((live) => {
    if (!live || !kinds.has(live.kind)) return [];
    const { kind, metadata } = live;
    const object = `${kind} ${metadata.name}`;
    const event = reasonMessage("DriftRepaired", { object, manager: lastWriter(live) });
    return [{ ...normal(event), wrote: `${kind}/${metadata.name}` }];
  });
}

/** The parts of a plan that events report. */
export interface EventInput {
  readonly phase: Phase;
  readonly summary: ReasonMessage;
  readonly blockers: readonly Blocker[];
  readonly actions: readonly Action[];
  /** The revisions whose rollout this plan starts or ends. */
  readonly revisions: readonly Revision[];
}

/** True if a person has to act on the new phase. The end of the rollout has already reported `RolledBack`. */
const needsAction = (phase: Phase, { reason }: ReasonMessage): boolean =>
  phase === "Degraded" && reason !== "RolledBack";

/** One event for a new phase; none if the events of a rollout report the change already. */
function phaseEvents(view: View, { phase, summary, revisions }: EventInput): readonly AppEvent[] {
  const before = view.observed.app.status?.phase;
  if (before === undefined || before === phase || revisions.length > 0) return [];
  return [needsAction(phase, summary) ? warning(summary) : normal(summary)];
}

/** Blockers that usually clear without action: a Normal event before the progress deadline, a Warning after it. */
const transient: ReadonlySet<string> = new Set(["NotReady", "NameInDeletion"]);

const blockerEvent = (view: View, { reason, message, next }: Blocker): AppEvent =>
  (transient.has(reason) && deadlinePassed(view) === undefined ? normal : warning)({
    reason: reason as ReasonMessage["reason"],
    message: withNext(asSentence(message), next, maxEventMessage),
  });

/** One event per transition: rollouts that started or ended, a new phase, a new blocker, reverted drift. */
export function eventsOf(view: View, input: EventInput): readonly AppEvent[] {
  const phases = phaseEvents(view, input);
  const known = new Set((view.observed.app.status?.blockers ?? []).map(({ reason }) => reason));
  const reported = new Set<string>([...known, "RevisionRejected", ...phases.map(({ reason }) => reason)]);
  const blockers = input.blockers.filter(({ reason }) => !reported.has(reason));
  return [
    ...input.revisions.map(revisionEvent),
    ...phases,
    ...blockers.map((blocker) => blockerEvent(view, blocker)),
    ...driftEvents(view, input.actions),
  ];
}
