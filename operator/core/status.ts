import { selectorOf } from "../api/names.ts";
import { type ReasonMessage, brief, reasonMessage, sentence, withNext } from "../api/reasons.ts";
import type { Blocker, Condition, DemoAppStatus, Phase } from "../api/schema.ts";
import { floorOf } from "./defaults.ts";
import { compact, cut, isFields } from "./manifest.ts";
import { type App, type Observed, type Revision, timestamp } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";
import { type Counts, type View, countsOf } from "./view.ts";

type ConditionType = "Ready" | "Reconciling" | "Stalled" | "Available";

/** What each phase means to tools that know the kstatus rules; `unchanged` keeps what was said before. */
const meaning: Record<Phase, { ready: boolean | "unchanged"; also?: "Reconciling" | "Stalled" }> = {
  Installing: { ready: false, also: "Reconciling" },
  Healthy: { ready: true },
  Progressing: { ready: false, also: "Reconciling" },
  Paused: { ready: false, also: "Reconciling" },
  Promoting: { ready: false, also: "Reconciling" },
  RollingBack: { ready: false, also: "Reconciling" },
  Degraded: { ready: false, also: "Stalled" },
  Suspended: { ready: "unchanged" },
};

interface Moment {
  readonly app: App;
  readonly nowMs: number;
}

/** A condition at this moment; its time moves only when its status flips. */
function condition(
  { app, nowMs }: Moment,
  type: ConditionType,
  to: { status: boolean; said: ReasonMessage },
): Condition {
  const status = to.status ? "True" : "False";
  const before = app.status?.conditions?.find((other) => other.type === type);
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : timestamp(nowMs);
  const { reason, message } = to.said;
  return { type, status, observedGeneration: app.generation, lastTransitionTime, reason, message };
}

function conditionsOf(at: Moment, phase: Phase, said: ReasonMessage): Condition[] {
  const { ready, also } = meaning[phase];
  const before = at.app.status?.conditions?.find(({ type }) => type === "Ready");
  const isReady = ready === "unchanged" ? before?.status === "True" : ready;
  const first = condition(at, "Ready", { status: isReady, said });
  return also === undefined ? [first] : [first, condition(at, also, { status: true, said })];
}

const availability = (available: number, floor: number): { status: boolean; said: ReasonMessage } => ({
  status: available >= floor,
  said: reasonMessage(available >= floor ? "Available" : "Unavailable", { available, floor }),
});

/** The longest message that the schema takes. */
const maxMessage = 2048;

/** The sentence, followed by the first thing in the way and what to do about it. */
function messageOf(said: ReasonMessage, blockers: readonly Blocker[]): string {
  const [first] = blockers;
  if (!first) return said.message;
  const told = first.message === said.message || said.reason === "RolledBack";
  return withNext(`${said.message}${told ? "" : ` ${sentence(first.message)}`}`, first.next, maxMessage);
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

/** The last ones; the one that the spec asks for is among them however old it is: a retry needs its number. */
function rejectedOf({ observed, wanted }: View): NonNullable<DemoAppStatus["rejected"]> {
  const all = observed.revisions.filter(({ outcome }) => outcome === "rejected").toSorted(byRollout);
  const older = all.slice(maxRejected - 1);
  const last = older.find((revision) => revision === wanted) ?? older[0];
  const listed = [...all.slice(0, maxRejected - 1), ...(last ? [last] : [])];
  return listed.map(({ hash, image, rollout, reason, message, finishedAt }) => ({
    hash,
    image,
    rollout,
    reason: reason ?? "Unknown",
    message: cut(message ?? "", maxMessage),
    at: finishedAt ?? "",
  }));
}

const about = (revision: Revision | undefined, since: string | undefined): DemoAppStatus["stable"] =>
  revision && { hash: revision.hash, image: revision.image, since: since ?? "", rollout: revision.rollout };

/** A rolling update is one step; its deadline counts from `progressAt`. */
const stepOf = ({ progress }: View, { startedAt }: Revision): DemoAppStatus["step"] => ({
  index: 1,
  total: 1,
  name: "RollingUpdate",
  startedAt,
  best: progress.noted.best,
  progressAt: timestamp(progress.noted.atMs),
});

const selectorText = (app: App): string =>
  Object.entries(selectorOf(app.name, "stable"))
    .map(([key, value]) => `${key}=${value}`)
    .join(",");

/** The counts as numbers, for machines and for the scale subresource. */
const numbersOf = ({ replicas, ready, updated, available }: Counts) => ({
  replicas,
  readyReplicas: ready,
  updatedReplicas: updated,
  availableReplicas: available,
});
const readyText = ({ ready, desired }: Counts): string => `${ready}/${desired}`;

/** The whole status of an app, from the view alone: it can be wiped and comes back the same. */
export function statusOf(
  view: View,
  phase: Phase,
  to: { said: ReasonMessage; blockers: readonly Blocker[] },
): DemoAppStatus {
  const { observed, counts, wanted, lastGood, nowMs } = view;
  const { app, revisions } = observed;
  const at = { app, nowMs };
  const message = messageOf(to.said, to.blockers);
  const running = wanted?.outcome === undefined ? wanted : undefined;
  // Nothing notes how far it is while nothing may be written, so there is no step to tell of.
  const moves = !app.spec.suspend && view.held.length === 0;
  const available = availability(counts.available, view.floor);
  return compact({
    observedGeneration: app.generation,
    phase,
    message,
    conditions: [...conditionsOf(at, phase, { ...to.said, message }), condition(at, "Available", available)],
    stable: about(lastGood, lastGood?.finishedAt),
    candidate: about(running, running?.startedAt),
    rejected: rejectedOf(view),
    step: running && moves ? stepOf(view, running) : undefined,
    ...numbersOf(counts),
    selector: selectorText(app),
    blockers: [...to.blockers],
    history: historyOf(revisions),
    display: { ready: readyText(counts), image: brief(app.spec.image) },
  });
}

/** Of all that is wrong with a spec, what leaves room for the sentence around it. */
const maxProblems = 1024;

/** The pods of an app whose spec can't be read: by its Deployment, which runs on as it is. */
function podsOf({ app, deployment }: Observed, nowMs: number): Partial<DemoAppStatus> {
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
    ...numbersOf(counts),
    conditions: [condition({ app, nowMs }, "Available", availability(counts.available, floor))],
    display: { ...app.status?.display, ready: readyText(counts) },
  };
}

/** The status of an app whose stored spec can't be read: what was known of it stays, and what to do is said. */
export function statusOfInvalid(observed: Observed, nowMs: number): DemoAppStatus {
  const { app } = observed;
  const listed = app.problems.map(({ path, message }) => `${path}: ${message}`).join("; ");
  const problems = listed.length <= maxProblems ? listed : `${listed.slice(0, maxProblems)}…`;
  const said = reasonMessage("InvalidSpec", { problems });
  const object = `DemoApp/${app.name}`;
  const next = `Correct the fields in Git, or: kubectl -n ${app.namespace} edit demoapp ${app.name}`;
  const since = app.status?.blockers?.find(({ reason }) => reason === said.reason)?.since ?? timestamp(nowMs);
  const blockers = [{ object, ...said, since, next }];
  const message = messageOf(said, blockers);
  const { conditions: kept = [], ...pods } = podsOf(observed, nowMs);
  return {
    ...app.status,
    ...pods,
    observedGeneration: app.generation,
    phase: "Degraded",
    message,
    conditions: [...conditionsOf({ app, nowMs }, "Degraded", { ...said, message }), ...kept],
    blockers,
  };
}
