import { annotations, childAnnotations } from "../../../operator/api/names.ts";
import { rollingUpdateOf } from "../../../operator/core/defaults.ts";
import { type Decision, decide, undecided } from "../../../operator/core/decide.ts";
import { factsOf } from "../../../operator/core/facts.ts";
import type { Fields, Manifest } from "../../../operator/core/manifest.ts";
import type { App, Observed, ObservedApp, Revision } from "../../../operator/core/observed.ts";
import type { Situation } from "../../../operator/core/phase.ts";
import { type Plan, type Problems, type Report, plan, reportOf } from "../../../operator/core/plan.ts";
import { type DeploymentInput, renderDeployment } from "../../../operator/core/render/deployment.ts";
import { templateOf } from "../../../operator/core/revisions.ts";
import { type RolloutState, rolloutStateOf } from "../../../operator/core/rolloutstate.ts";
import { writeBlockersOf } from "../../../operator/core/writeblockers.ts";
import {
  type ObservedFields,
  app,
  at,
  observed,
  revision,
  rolledOut,
  spec,
  startMs,
  withProgress,
} from "./objects.ts";

export const v1 = revision("app:1", 1, "accepted");
export const v2 = revision("app:2", 2);
export const accepted2 = revision("app:2", 2, "accepted");
export const rejected2 = revision("app:2", 2, "rejected");

/** The observed state of an app with a valid spec. */
export const observedApp = (fields: ObservedFields = {}): ObservedApp => observed(fields) as ObservedApp;

/** Where the rollout of an observed app stands, before any decision. */
export const stateOf = (before: ObservedApp, nowMs = startMs): RolloutState =>
  rolloutStateOf(factsOf(before, nowMs), before.revisions);

/** The state of an observed app after the decisions that are due. */
export const decided = (before: ObservedApp, nowMs = startMs): Decision => decide(stateOf(before, nowMs));

const isComplete = (before: ObservedFields | Observed): before is Observed =>
  "deployments" in before && Array.isArray(before.refused);

const complete = (before: ObservedFields | Observed): Observed =>
  isComplete(before) ? before : observed(before);

/** An observed app with the blockers of its writes, and without any decision. */
export const situationOf = (before: ObservedFields | Observed, nowMs = startMs): Situation => {
  const state = stateOf(complete(before) as ObservedApp, nowMs);
  return { ...undecided(state), writeBlockers: writeBlockersOf(state.observed) };
};

const noProblems: Problems = { refused: [], failed: [], isRepeated: false };

/** The plan for an observed app, and its report with the events that are published before the writes. */
export function planOf(
  before: ObservedFields | Observed,
  nowMs = startMs,
  problems = noProblems,
): Plan & Report {
  const planned = plan(complete(before), nowMs);
  const report = reportOf(planned, problems);
  const outcomes = planned.actions.flatMap((action) => (action.outcome ? [action.outcome] : []));
  return { ...planned, ...report, events: [...outcomes, ...report.events] };
}

/** The app with an image in its spec. */
export const appOf = (image: string, more: Partial<App> = {}): App => app({ spec: spec({ image }), ...more });

/** The app with an image in its spec and command annotations. */
export const commanded = (image: string, commands: Partial<Record<keyof typeof annotations, string>>): App =>
  appOf(image, {
    annotations: Object.fromEntries(
      Object.entries(commands).map(([name, value]) => [annotations[name as keyof typeof commands], value]),
    ),
  });

/** The input of a Deployment of two pods. */
export const deploymentInput = (
  template: Fields,
  fields: Partial<DeploymentInput> = {},
): DeploymentInput => ({
  track: "stable",
  size: 2,
  rollingUpdate: rollingUpdateOf(spec()),
  template,
  annotations: {},
  restartedAt: undefined,
  ...fields,
});

/** The Deployment of a revision. All pods are available; the stored progress is 1 pod at second -100. */
export function deploymentOf(of: Revision, counts: Fields = {}): Manifest {
  const annotations = { [childAnnotations.rollout]: String(of.rollout) };
  const input = deploymentInput(templateOf(of), { annotations });
  return rolledOut(withProgress(renderDeployment(observedApp(), input), 1, -100), counts);
}

/** The rollout and outcome of each image after `decide`, for example `{ "app:2": "3 rejected CrashLoop" }`. */
export const outcomes = (before: ObservedApp, nowMs = startMs): Record<string, string> =>
  Object.fromEntries(
    decided(before, nowMs).revisions.map(({ image, rollout, outcome, reason }) => [
      image,
      [rollout, outcome ?? "running", ...(outcome === "rejected" ? [reason] : [])].join(" "),
    ]),
  );

/** The observed state before `decide`, and the result of `outcomes` that a test expects. */
export interface OutcomeCase {
  readonly name: string;
  readonly before: ObservedFields;
  readonly expect: Record<string, string>;
}

/** The live Deployment with other fields in its spec, of which a manager owns `replicas`. */
export const editedDeployment = (manager: string, spec: object, operation = "Update"): Manifest => {
  const live = deploymentOf(v1);
  const entry = { manager, operation, time: at(-1), fieldsV1: { "f:spec": { "f:replicas": {} } } };
  return {
    ...live,
    metadata: { ...live.metadata, managedFields: [entry] },
    spec: { ...(live["spec"] as object), ...spec },
  };
};
