import { ownedBy } from "../api/names.ts";
import { type ReasonMessage, asSentence, reasonMessage, shortImage, withNext } from "../api/reasons.ts";
import type { Blocker, Condition, DemoAppStatus, Phase } from "../api/schema.ts";
import { renderAnalysis } from "./analysis/state.ts";
import { textsOf } from "./analysis/verdict.ts";
import { availabilityBy, availabilityOf } from "./availability.ts";
import { kubectl } from "./blockerdraft.ts";
import type { DatedBlocker } from "./blockers.ts";
import { floorOf } from "./defaults.ts";
import { type Counts, countsOf } from "./deployment.ts";
import { compact, fieldsOf, isFields, truncate } from "./manifest.ts";
import { type App, type Observed, type Revision, timestamp } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";
import type { Situation } from "./phase.ts";
import { weightOf } from "./phasetexts.ts";
import { isStepStored, stepColumns, stepOf } from "./statusstep.ts";
import { longAtMs } from "./rolloutstate.ts";
import { withCleanTexts, withQuote } from "./text.ts";

type ConditionType = "Ready" | "Reconciling" | "Stalled" | "Available";

/** The conditions of each phase by the kstatus rules. */
const kstatus: Record<Phase, { ready: boolean; also?: "Reconciling" | "Stalled" }> = {
  Installing: { ready: false, also: "Reconciling" },
  Healthy: { ready: true },
  Progressing: { ready: false, also: "Reconciling" },
  Paused: { ready: false, also: "Reconciling" },
  Promoting: { ready: false, also: "Reconciling" },
  RollingBack: { ready: false, also: "Reconciling" },
  Degraded: { ready: false, also: "Stalled" },
  // A suspended app is ready only if the spec is what runs.
  Suspended: { ready: true },
};

/** The app, with its present status, and the current time. */
interface Moment {
  readonly app: App;
  readonly nowMs: number;
}

/** A condition. Its transition time changes only when its status does. */
function condition(
  { app, nowMs }: Moment,
  type: ConditionType,
  to: { status: boolean; summary: ReasonMessage },
): Condition {
  const status = to.status ? "True" : "False";
  const before = app.status?.conditions?.find((other) => other.type === type);
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : timestamp(nowMs);
  const { reason, message } = to.summary;
  return { type, status, observedGeneration: app.generation, lastTransitionTime, reason, message };
}

/** True if the spec was applied completely: all pods run the requested revision, and it was accepted. */
const isApplied = ({ complete, requested, target }: Situation): boolean =>
  complete && requested === target && requested?.outcome === "accepted";

/** The conditions that follow from the phase. */
function phaseConditions(moment: Moment, phase: Phase, to: { ready: boolean; summary: ReasonMessage }) {
  const { ready, also } = kstatus[phase];
  const { summary } = to;
  return [
    condition(moment, "Ready", { status: ready && to.ready, summary }),
    ...(also === undefined ? [] : [condition(moment, also, { status: true, summary })]),
  ];
}

function conditionsOf(situation: Situation, phase: Phase, summary: ReasonMessage): Condition[] {
  const moment = { app: situation.observed.app, nowMs: situation.nowMs };
  const ready = phase !== "Suspended" || isApplied(situation);
  return [
    ...phaseConditions(moment, phase, { ready, summary }),
    condition(moment, "Available", availabilityOf(situation)),
  ];
}

/** Longest message in the schema, in characters. */
const maxMessage = 2048;

/** A blocker as the status shows it: the only place with the quote. */
const shownBlocker = ({ object, reason, since, next, ...problem }: DatedBlocker): Blocker => ({
  object,
  reason,
  message: truncate(withQuote(problem), maxMessage),
  since,
  next,
});

/** The summary, followed by the first blocker and what a person can do about it. */
function messageOf(summary: ReasonMessage, blockers: readonly DatedBlocker[]): string {
  const [first] = blockers;
  if (!first) return summary.message;
  const isRepeated = first.message === summary.message || summary.reason === "RolledBack";
  const problem = isRepeated ? "" : ` ${asSentence(first.message)}`;
  return withNext(`${summary.message}${problem}`, first.next, maxMessage);
}

const byRollout = (a: Revision, b: Revision): number => b.rollout - a.rollout;
const outcomeWords = { accepted: "Accepted", rejected: "Rejected", superseded: "Superseded" } as const;
const maxRejected = 10;
const maxHistory = 20;

function historyOf(revisions: readonly Revision[]): DemoAppStatus["history"] {
  return revisions
    .toSorted(byRollout)
    .slice(0, maxHistory)
    .map((revision) => {
      const { rollout, hash, image, startedAt, finishedAt, outcome, reason } = revision;
      const word = outcome === undefined ? "Running" : outcomeWords[outcome];
      return compact({ rollout, hash, image, startedAt, finishedAt, outcome: word, reason });
    });
}

/**
 * The newest rejected revisions. The requested one is always listed, however old, because a retry needs its rollout
 * number.
 */
function rejectedOf({ revisions, requested }: Situation): NonNullable<DemoAppStatus["rejected"]> {
  const all = revisions.filter(({ outcome }) => outcome === "rejected").toSorted(byRollout);
  const older = all.slice(maxRejected - 1);
  const last = older.find((revision) => revision === requested) ?? older[0];
  const listed = [...all.slice(0, maxRejected - 1), ...(last ? [last] : [])];
  return listed.map(({ hash, image, rollout, reason, message, finishedAt }) => ({
    hash,
    image,
    rollout,
    reason: reason ?? "Unknown",
    message: truncate(message ?? "", maxMessage),
    at: finishedAt ?? "",
  }));
}

const revisionStatus = (revision: Revision | undefined, since: string | undefined): DemoAppStatus["stable"] =>
  revision && { hash: revision.hash, image: revision.image, since: since ?? "", rollout: revision.rollout };

/** Without the track: an autoscaler counts the pods of both tracks. */
const selectorText = (app: App): string =>
  Object.entries(ownedBy(app.name))
    .map(([key, value]) => `${key}=${value}`)
    .join(",");

/** The pod counts, as monitoring and the scale subresource read them. */
const countFields = ({ replicas, ready, updated, available }: Counts) => ({
  replicas,
  readyReplicas: ready,
  updatedReplicas: updated,
  availableReplicas: available,
});
const readyText = ({ ready, desired }: Counts): string => `${ready}/${desired}`;

/** The whole status of an app. Derived from the situation alone, so that a deleted status is rebuilt unchanged. */
export function statusOf(
  situation: Situation,
  phase: Phase,
  to: { summary: ReasonMessage; blockers: readonly DatedBlocker[] },
): DemoAppStatus {
  const { observed, nowMs, counts, candidate, stable, writeBlockers, reported, settings } = situation;
  const { app } = observed;
  const message = messageOf(to.summary, to.blockers);
  // While the Deployment can't be written, no progress is stored: `progressAt` would differ in every status.
  const isProgressStored = !app.spec.suspend && writeBlockers.every(({ scope }) => scope === "traffic");
  const isStepTold =
    isProgressStored &&
    (situation.cursor ? isStepStored(situation) : candidate && nowMs >= longAtMs(candidate));
  const step = candidate && isStepTold ? stepOf(situation, candidate) : undefined;
  const weight = weightOf(situation);
  return compact({
    observedGeneration: app.generation,
    phase,
    message,
    conditions: conditionsOf(situation, phase, { ...to.summary, message }),
    stable: revisionStatus(stable, stable?.finishedAt),
    candidate: revisionStatus(candidate, candidate?.startedAt),
    rejected: rejectedOf(situation),
    step,
    weight,
    analysis: reported && settings && renderAnalysis(reported, textsOf(reported, settings)),
    ...countFields(counts),
    selector: selectorText(app),
    blockers: to.blockers.map(shownBlocker),
    history: historyOf(situation.revisions),
    display: {
      ready: readyText(counts),
      ...stepColumns(step, weight),
      image: shortImage(app.spec.image),
    },
  });
}

/** Most fields that the message about an invalid spec names. */
const maxFields = 5;

/** The fields of an invalid spec by their path, without the part that a user names: a key, an element of a map. */
const fieldNames = ({ problems }: App): string =>
  [...new Set(problems.map(({ path }) => /^[A-Za-z0-9]+(\.[A-Za-z0-9]+)?/.exec(path)?.[0] ?? "spec"))]
    .slice(0, maxFields)
    .join(", ");

/** The pod counts of an app with an invalid spec. They come from its Deployment, which continues to run. */
function podStatus({ app, deployments }: Observed, nowMs: number): Partial<DemoAppStatus> {
  const deployment = deployments.stable;
  const spec = isFields(deployment?.["spec"]) ? deployment["spec"] : undefined;
  if (spec === undefined || ownershipOf(app, deployment) === "taken")
    return { conditions: (app.status?.conditions ?? []).filter(({ type }) => type === "Available") };
  const strategy = fieldsOf(spec["strategy"]);
  const desired = Number(spec["replicas"] ?? 0);
  const counts = countsOf([deployment], desired);
  const floor = floorOf(desired, {
    maxSurge: 0,
    maxUnavailable: 0,
    ...(strategy["rollingUpdate"] as object),
  });
  return {
    ...countFields(counts),
    conditions: [condition({ app, nowMs }, "Available", availabilityBy({ ...counts, floor, starting: 0 }))],
    display: { ...app.status?.display, ready: readyText(counts) },
  };
}

/** The status of an app whose stored spec is invalid: the present status, and what a person has to correct. */
export function statusOfInvalid(observed: Observed, nowMs: number): DemoAppStatus {
  const { app } = observed;
  const listed = app.problems.map(({ path, message }) => `${path}: ${message}`).join("; ");
  const summary = reasonMessage("InvalidSpec", { fields: fieldNames(app), quote: listed });
  const object = `DemoApp/${app.name}`;
  const next = `Correct the fields in Git or with ${kubectl(app, `edit demoapp ${app.name}`)}.`;
  const since =
    app.status?.blockers?.find(({ reason }) => reason === summary.reason)?.since ?? timestamp(nowMs);
  const blockers = [{ object, ...summary, since, next }];
  const message = messageOf(summary, blockers);
  const { conditions: kept = [], ...pods } = podStatus(observed, nowMs);
  // The present status is kept, and whoever may write the status may have written any text.
  return withCleanTexts({
    ...app.status,
    ...pods,
    observedGeneration: app.generation,
    phase: "Degraded",
    message,
    conditions: [
      ...phaseConditions({ app, nowMs }, "Degraded", { ready: false, summary: { ...summary, message } }),
      ...kept,
    ],
    blockers: blockers.map(shownBlocker),
  });
}
