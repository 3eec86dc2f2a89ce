import type { Action } from "./action.ts";
import { drift } from "./diff.ts";
import type { Manifest } from "./manifest.ts";
import { ownershipOf } from "./ownership.ts";
import type { View } from "./view.ts";

/** Why the operator writes an object: to adopt it, to follow the spec or the rollout, or to revert a manual change. */
function reasonFor(view: View, live: Manifest, isSpecDifferent: boolean): string {
  const { app } = view.observed;
  if (ownershipOf(app, live) !== "owned") return "adopt";
  const isApplied =
    app.status?.observedGeneration === app.generation && view.deployedHash === view.target?.hash;
  return isApplied && isSpecDifferent && !view.restarting ? "drift" : "update";
}

/** The writes that make one live object equal to the desired object; none if they already agree. */
export function converge(view: View, live: Manifest | undefined, desired: Manifest): readonly Action[] {
  if (live === undefined) return [{ do: "apply", object: desired, why: "create" }];
  const { apply, takeOver, ofSpec } = drift(live, desired);
  const why = reasonFor(view, live, ofSpec);
  return [
    ...(takeOver.length > 0 ? [{ do: "take-over", object: live, patch: takeOver, why } as const] : []),
    ...(apply ? [{ do: "apply", object: desired, why, over: live.metadata.resourceVersion } as const] : []),
  ];
}
