import { childAnnotations as keys } from "../../api/names.ts";
import type { Action } from "../action.ts";
import { drift, includes } from "../diff.ts";
import { type Manifest, isFields } from "../manifest.ts";
import { type Revision, timestamp } from "../observed.ts";
import { ownershipOf } from "../ownership.ts";
import { renderDeployment } from "../render/deployment.ts";
import { renderService } from "../render/service.ts";
import type { View } from "../view.ts";

/** The writes that make one live object what is wanted; none if it is. */
function converge(view: View, live: Manifest | undefined, wanted: Manifest): readonly Action[] {
  if (live === undefined) return [{ do: "apply", object: wanted, why: "create" }];
  const { apply, takeOver, ofSpec } = drift(live, wanted);
  const why = reasonFor(view, live, ofSpec);
  return [
    ...(takeOver.length > 0 ? [{ do: "take-over", object: live, patch: takeOver, why } as const] : []),
    ...(apply ? [{ do: "apply", object: wanted, why, over: live.metadata.resourceVersion } as const] : []),
  ];
}

/** A Service that others' pods answer for is taken over when ours can: until then it goes on as it is. */
function isLent({ observed, complete }: View, { spec }: Manifest): boolean {
  const { app, service } = observed;
  const isOthers = service !== undefined && ownershipOf(app, service) === "adoptable";
  const selector = isFields(spec) ? spec["selector"] : undefined;
  return isOthers && !complete && !includes(service["spec"], { selector });
}

/** The rollout's progress as noted on the Deployment: what the next operator goes on from. */
const progressNotes = ({ progress }: View, target: Revision): Record<string, string> => ({
  [keys.rollout]: String(target.rollout),
  [keys.best]: String(progress.noted.best),
  [keys.progressAt]: timestamp(progress.noted.atMs),
});

/**
 * Rolling update: the Deployment takes the target's template, and the Deployment controller replaces the
 * pods within maxSurge and maxUnavailable. Going back is the same with the last good revision as target.
 */
export function rolling(view: View): readonly Action[] {
  const { observed, target, restartedAt } = view;
  if (target === undefined) return [];
  const annotations = progressNotes(view, target);
  const deployment = renderDeployment(observed, { template: target.template, annotations, restartedAt });
  const service = renderService(observed);
  return [
    ...(isLent(view, service) ? [] : converge(view, observed.service, service)),
    ...converge(view, observed.deployment, deployment),
  ];
}

/** Why an object is written: to follow the spec or the rollout, or because someone else changed its spec. */
function reasonFor(view: View, live: Manifest, ofSpec: boolean): string {
  const { app } = view.observed;
  if (ownershipOf(app, live) !== "ours") return "adopt";
  const seen = app.status?.observedGeneration === app.generation && view.deployedHash === view.target?.hash;
  return seen && ofSpec && !view.restarting ? "drift" : "update";
}
