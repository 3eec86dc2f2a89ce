import { annotations, childAnnotations } from "../../../operator/api/names.ts";
import { decide } from "../../../operator/core/decide.ts";
import type { Fields, Manifest } from "../../../operator/core/manifest.ts";
import type { App, Observed, ObservedApp, Revision } from "../../../operator/core/observed.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { app, observed, revision, rolledOut, spec, startMs, withProgress } from "./objects.ts";

export const v1 = revision("app:1", 1, "accepted");
export const v2 = revision("app:2", 2);
export const accepted2 = revision("app:2", 2, "accepted");
export const rejected2 = revision("app:2", 2, "rejected");

/** The observed state of an app with a valid spec. */
export const observedApp = (fields: Partial<Observed> = {}): ObservedApp => observed(fields) as ObservedApp;

/** The app with an image in its spec. */
export const appOf = (image: string, more: Partial<App> = {}): App => app({ spec: spec({ image }), ...more });

/** The app with an image in its spec and command annotations. */
export const commanded = (image: string, commands: Partial<Record<keyof typeof annotations, string>>): App =>
  appOf(image, {
    annotations: Object.fromEntries(
      Object.entries(commands).map(([name, value]) => [annotations[name as keyof typeof commands], value]),
    ),
  });

/** The Deployment of a revision. All pods are available; the stored progress is 1 pod at second -100. */
export function deploymentOf(of: Revision, counts: Fields = {}): Manifest {
  const annotations = { [childAnnotations.rollout]: String(of.rollout) };
  const input = { template: of.template, annotations, restartedAt: undefined };
  return rolledOut(withProgress(renderDeployment(observedApp(), input), 1, -100), counts);
}

/** The rollout and outcome of each image after `decide`, for example `{ "app:2": "3 rejected CrashLoop" }`. */
export const outcomes = (before: ObservedApp, nowMs = startMs): Record<string, string> =>
  Object.fromEntries(
    decide(before, nowMs).revisions.map(({ image, rollout, outcome, reason }) => [
      image,
      [rollout, outcome ?? "running", ...(outcome === "rejected" ? [reason] : [])].join(" "),
    ]),
  );

/** The observed state before `decide`, and the result of `outcomes` that a test expects. */
export interface OutcomeCase {
  readonly name: string;
  readonly before: Partial<Observed>;
  readonly expect: Record<string, string>;
}
