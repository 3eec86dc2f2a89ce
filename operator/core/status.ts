import { selectorOf } from "../api/names.ts";
import { type ReasonMessage, asSentence, reasonMessage, shortImage, withNext } from "../api/reasons.ts";
import type { Blocker, Condition, DemoAppStatus, Phase } from "../api/schema.ts";
import { kubectl } from "./blockerdraft.ts";
import { floorOf } from "./defaults.ts";
import { type Counts, countsOf } from "./deployment.ts";
import { compact, isFields, truncate } from "./manifest.ts";
import { type App, type Observed, type Revision, timestamp } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";
import type { View } from "./view.ts";

type ConditionType = "Ready" | "Reconciling" | "Stalled" | "Available";

/** The conditions of each phase by the kstatus rules; `unchanged` keeps the status that Ready has now. */
const kstatus: Record<Phase, { ready: boolean | "unchanged"; also?: "Reconciling" | "Stalled" }> = {
  Installing: { ready: false, also: "Reconciling" },
  Healthy: { ready: true },
  Progressing: { ready: false, also: "Reconciling" },
  Paused: { ready: false, also: "Reconciling" },
  Promoting: { ready: false, also: "Reconciling" },
  RollingBack: { ready: false, also: "Reconciling" },
  Degraded: { ready: false, also: "Stalled" },
  Suspended: { ready: "unchanged" },
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

function conditionsOf(moment: Moment, phase: Phase, summary: ReasonMessage): Condition[] {
  const { ready, also } = kstatus[phase];
  const before = moment.app.status?.conditions?.find(({ type }) => type === "Ready");
  const isReady = ready === "unchanged" ? before?.status === "True" : ready;
  const first = condition(moment, "Ready", { status: isReady, summary });
  return also === undefined ? [first] : [first, condition(moment, also, { status: true, summary })];
}

const availability = (available: number, floor: number): { status: boolean; summary: ReasonMessage } => ({
  status: available >= floor,
  summary: reasonMessage(available >= floor ? "Available" : "Unavailable", { available, floor }),
});

/** Longest message in the schema, in characters. */
const maxMessage = 2048;

/** The summary, followed by the first blocker and what a person can do about it. */
function messageOf(summary: ReasonMessage, blockers: readonly Blocker[]): string {
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
      const { rollout, hash, image, startedAt, finishedAt, outcome } = revision;
      const word = outcome === undefined ? "Running" : outcomeWords[outcome];
      return compact({ rollout, hash, image, startedAt, finishedAt, outcome: word });
    });
}

/**
 * The newest rejected revisions. The requested one is always listed, however old, because a retry needs its rollout
 * number.
 */
function rejectedOf({ observed, requested }: View): NonNullable<DemoAppStatus["rejected"]> {
  const all = observed.revisions.filter(({ outcome }) => outcome === "rejected").toSorted(byRollout);
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

/** A rolling update has one step. */
const stepOf = ({ progress }: View, { startedAt }: Revision): DemoAppStatus["step"] => ({
  index: 1,
  total: 1,
  name: "RollingUpdate",
  startedAt,
  best: progress.stored.best,
  progressAt: timestamp(progress.stored.atMs),
});

const selectorText = (app: App): string =>
  Object.entries(selectorOf(app.name, "stable"))
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

/** The whole status of an app. Derived from the view alone, so that a deleted status is rebuilt unchanged. */
export function statusOf(
  view: View,
  phase: Phase,
  to: { summary: ReasonMessage; blockers: readonly Blocker[] },
): DemoAppStatus {
  const { observed, counts, requested, stable, nowMs } = view;
  const { app, revisions } = observed;
  const moment = { app, nowMs };
  const message = messageOf(to.summary, to.blockers);
  const candidate = requested?.outcome === undefined ? requested : undefined;
  // While writes are blocked, no progress is stored: `progressAt` would differ in every status.
  const isStored = !app.spec.suspend && view.writeBlockers.length === 0;
  const available = availability(counts.available, view.floor);
  return compact({
    observedGeneration: app.generation,
    phase,
    message,
    conditions: [
      ...conditionsOf(moment, phase, { ...to.summary, message }),
      condition(moment, "Available", available),
    ],
    stable: revisionStatus(stable, stable?.finishedAt),
    candidate: revisionStatus(candidate, candidate?.startedAt),
    rejected: rejectedOf(view),
    step: candidate && isStored ? stepOf(view, candidate) : undefined,
    ...countFields(counts),
    selector: selectorText(app),
    blockers: [...to.blockers],
    history: historyOf(revisions),
    display: { ready: readyText(counts), image: shortImage(app.spec.image) },
  });
}

/** Longest list of the problems of a spec, in characters; the rest of the message needs room too. */
const maxProblems = 1024;

/** The pod counts of an app with an invalid spec. They come from its Deployment, which continues to run. */
function podStatus({ app, deployment }: Observed, nowMs: number): Partial<DemoAppStatus> {
  const spec = isFields(deployment?.["spec"]) ? deployment["spec"] : undefined;
  if (spec === undefined || ownershipOf(app, deployment) === "taken")
    return { conditions: (app.status?.conditions ?? []).filter(({ type }) => type === "Available") };
  const strategy = isFields(spec["strategy"]) ? spec["strategy"] : {};
  const desired = Number(spec["replicas"] ?? 0);
  const counts = countsOf(deployment, desired);
  const floor = floorOf(desired, {
    maxSurge: 0,
    maxUnavailable: 0,
    ...(strategy["rollingUpdate"] as object),
  });
  return {
    ...countFields(counts),
    conditions: [condition({ app, nowMs }, "Available", availability(counts.available, floor))],
    display: { ...app.status?.display, ready: readyText(counts) },
  };
}

/** The status of an app whose stored spec is invalid: the present status, and what a person has to correct. */
export function statusOfInvalid(observed: Observed, nowMs: number): DemoAppStatus {
  const { app } = observed;
  const listed = app.problems.map(({ path, message }) => `${path}: ${message}`).join("; ");
  const problems = listed.length <= maxProblems ? listed : `${listed.slice(0, maxProblems)}…`;
  const summary = reasonMessage("InvalidSpec", { problems });
  const object = `DemoApp/${app.name}`;
  const next = `Correct the fields in Git or with ${kubectl(app, `edit demoapp ${app.name}`)}.`;
  const since =
    app.status?.blockers?.find(({ reason }) => reason === summary.reason)?.since ?? timestamp(nowMs);
  const blockers = [{ object, ...summary, since, next }];
  const message = messageOf(summary, blockers);
  const { conditions: kept = [], ...pods } = podStatus(observed, nowMs);
  return {
    ...app.status,
    ...pods,
    observedGeneration: app.generation,
    phase: "Degraded",
    message,
    conditions: [...conditionsOf({ app, nowMs }, "Degraded", { ...summary, message }), ...kept],
    blockers,
  };
}
