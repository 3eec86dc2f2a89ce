import { childAnnotations as keys } from "../../api/names.ts";
import type { Action } from "../action.ts";
import { converge } from "../converge.ts";
import { includes } from "../diff.ts";
import { type Manifest, isFields } from "../manifest.ts";
import { type Revision, timestamp } from "../observed.ts";
import { ownershipOf } from "../ownership.ts";
import { renderDeployment } from "../render/deployment.ts";
import { renderService } from "../render/service.ts";
import type { View } from "../view.ts";

/**
 * True if an adoptable Service selects other pods and the app isn't fully available: adopting now could leave it
 * without endpoints.
 */
function isAdoptionTooEarly({ observed, complete }: View, { spec }: Manifest): boolean {
  const { app, service } = observed;
  const isAdoptable = service !== undefined && ownershipOf(app, service) === "adoptable";
  const selector = isFields(spec) ? spec["selector"] : undefined;
  return isAdoptable && !complete && !includes(service["spec"], { selector });
}

/** The annotations that store a rollout's progress on the Deployment, so that a restarted operator continues. */
const progressAnnotations = ({ progress }: View, target: Revision): Record<string, string> => ({
  [keys.rollout]: String(target.rollout),
  [keys.best]: String(progress.stored.best),
  [keys.progressAt]: timestamp(progress.stored.atMs),
});

/**
 * Rolling update: the Deployment gets the target's pod template, and the Deployment controller replaces the pods
 * within maxSurge and maxUnavailable. A rollback works the same way, with the stable revision as the target.
 */
export function rolling(view: View): readonly Action[] {
  const { observed, target, restartedAt } = view;
  if (target === undefined) return [];
  const annotations = progressAnnotations(view, target);
  const deployment = renderDeployment(observed, { template: target.template, annotations, restartedAt });
  const service = renderService(observed);
  return [
    ...(isAdoptionTooEarly(view, service) ? [] : converge(view, observed.service, service)),
    ...converge(view, observed.deployment, deployment),
  ];
}
