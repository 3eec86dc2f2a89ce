import { fieldManager } from "../api/names.ts";
import { type ReasonMessage, reasonMessage, sentence, withNext } from "../api/reasons.ts";
import type { Blocker, Phase } from "../api/schema.ts";
import type { Action } from "./action.ts";
import type { Manifest } from "./manifest.ts";
import type { ObservedApp, Revision } from "./observed.ts";
import { deadlinePassed } from "./phase.ts";
import type { View } from "./view.ts";

/** The longest message that Kubernetes takes for an event. */
const maxNote = 1024;

/** Something that happened to an app, for `kubectl describe`. Warning: a person has to act. */
export interface AppEvent extends ReasonMessage {
  readonly type: "Normal" | "Warning";
  /** The object, as `Kind/name`, whose write it tells of: it has happened once that is done. */
  readonly wrote?: string;
  /** The revision that it is about. */
  readonly hash?: string;
}

const normal = (said: ReasonMessage): AppEvent => ({ type: "Normal", ...said });
const warning = (said: ReasonMessage): AppEvent => ({ type: "Warning", ...said });

function ofRevision(revision: Revision): AppEvent {
  const { kind, metadata } = revision.live;
  return { ...outcomeOf(revision), wrote: `${kind}/${metadata.name}`, hash: revision.hash };
}

function outcomeOf(revision: Revision): AppEvent {
  const { rollout, image, outcome } = revision;
  if (outcome === "rejected") {
    const why = revision.message ?? revision.reason ?? "";
    return warning(reasonMessage("RevisionRejected", { rollout, image, why }));
  }
  if (outcome === "accepted") return normal(reasonMessage("RolloutAccepted", { rollout, image }));
  if (outcome === "superseded") return normal(reasonMessage("RolloutSuperseded", { rollout, image }));
  return normal(reasonMessage("RolloutStarted", { rollout, image }));
}

/** The revisions that a decision started or ended. */
export const decidedIn = (before: ObservedApp, after: ObservedApp): readonly Revision[] =>
  after.revisions.filter((revision) => !before.revisions.includes(revision));

/** Who wrote to an object's spec last, apart from the operator. */
function lastWriter(live: Manifest): string {
  const others = (live.metadata.managedFields ?? []).filter(
    (entry) => entry.manager !== fieldManager && entry.fieldsV1?.["f:spec"] !== undefined,
  );
  return others.toSorted((a, b) => (b.time ?? "").localeCompare(a.time ?? ""))[0]?.manager ?? "someone";
}

function ofDrift(view: View, actions: readonly Action[]): readonly AppEvent[] {
  const kinds = new Set(actions.filter((action) => action.why === "drift").map(({ object }) => object.kind));
  return [view.observed.deployment, view.observed.service].flatMap((live) => {
    if (!live || !kinds.has(live.kind)) return [];
    const { kind, metadata } = live;
    const said = reasonMessage("DriftRepaired", {
      object: `${kind} ${metadata.name}`,
      manager: lastWriter(live),
    });
    return [{ ...normal(said), wrote: `${kind}/${metadata.name}` }];
  });
}

/** What a plan came to, as far as it is worth an event. */
export interface Outcome {
  readonly phase: Phase;
  readonly said: ReasonMessage;
  readonly blockers: readonly Blocker[];
  readonly actions: readonly Action[];
  readonly revisions: readonly Revision[];
}

/** True if a person has to act and was not told when the rollout ended. */
const isNews = (phase: Phase, said: ReasonMessage): boolean =>
  phase === "Degraded" && said.reason !== "RolledBack";

/** What passes by itself as a rule: a person has to act only if it lasts. */
const passing: ReadonlySet<string> = new Set(["NotReady", "NameInDeletion"]);

/** One event per transition: rollouts that started or ended, a new phase, a new blocker, a repair. */
export function eventsOf(view: View, outcome: Outcome): readonly AppEvent[] {
  const { phase, said, blockers, actions } = outcome;
  const before = view.observed.app.status;
  const rollouts = outcome.revisions.map(ofRevision);
  const known = new Set((before?.blockers ?? []).map((blocker) => blocker.reason));
  const entered =
    before?.phase !== undefined && before.phase !== phase && rollouts.length === 0
      ? [isNews(phase, said) ? warning(said) : normal(said)]
      : [];
  const met = blockers
    .filter(
      ({ reason }) => !known.has(reason) && reason !== "RevisionRejected" && reason !== entered[0]?.reason,
    )
    .map(({ reason, message, next }) =>
      (passing.has(reason) && deadlinePassed(view) === undefined ? normal : warning)({
        reason: reason as ReasonMessage["reason"],
        message: withNext(sentence(message), next, maxNote),
      }),
    );
  return [...rollouts, ...entered, ...met, ...ofDrift(view, actions)];
}
