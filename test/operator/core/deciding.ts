import { annotations, childAnnotations } from "../../../operator/api/names.ts";
import { decide } from "../../../operator/core/decide.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import type { App, Observed, ObservedApp, Revision } from "../../../operator/core/observed.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { app, at, observed, revision, rolledOut, spec, startMs } from "./objects.ts";

export const valid = (fields: Partial<Observed>): ObservedApp => observed(fields) as ObservedApp;

/** What the decided revisions come to: `{ "app:2": "3 rejected CrashLoop" }`. */
export const outcomes = (o: ObservedApp, nowMs = startMs): Record<string, string> =>
  Object.fromEntries(
    decide(o, nowMs).revisions.map(({ image, rollout, outcome, reason }) => [
      image,
      [rollout, outcome ?? "running", ...(outcome === "rejected" ? [reason] : [])].join(" "),
    ]),
  );

export const wants = (image: string, more: Partial<App> = {}): App => app({ spec: spec({ image }), ...more });
export const acts = (image: string, acted: Partial<Record<keyof typeof annotations, string>>): App =>
  wants(image, {
    annotations: Object.fromEntries(
      Object.entries(acted).map(([act, value]) => [annotations[act as keyof typeof acted], value]),
    ),
  });

/** The Deployment that carries a revision, with all its pods available and progress noted at second -100. */
export function carrying(of: Revision, counts = {}): Manifest {
  const notes = { [childAnnotations.rollout]: String(of.rollout), [childAnnotations.best]: "1" };
  const progressAt = { [childAnnotations.progressAt]: at(-100) };
  const track = { template: of.template, annotations: { ...notes, ...progressAt }, restartedAt: undefined };
  return rolledOut(renderDeployment(valid({}), track), counts);
}

export const v1 = revision("app:1", 1, "accepted");
export const v2 = revision("app:2", 2);
export const accepted2 = revision("app:2", 2, "accepted");
export const rejected2 = revision("app:2", 2, "rejected");

export interface Row {
  readonly name: string;
  readonly before: Partial<Observed>;
  readonly expect: Record<string, string>;
}
