import { canonical } from "../core/hash.ts";
import type { Manifest } from "../core/manifest.ts";
import type { App } from "../core/observed.ts";
import { isSettled } from "../core/deployment.ts";
import type { Change } from "../runtime/storeupdater.ts";

/**
 * Batching delay, ms: non-urgent watch events of an app share one reconcile. Replacing one pod causes a dozen events
 * within a fraction of a second; sharing one reconcile cuts the cost to a third.
 */
export const batchDelayMs = 100;

/** True unless only the status changed. Most status changes are the operator's own writes. */
export const isUrgentAppChange = ({ type, object, previous }: Change<App>): boolean =>
  type !== "MODIFIED" ||
  previous === undefined ||
  object.deleting ||
  object.generation !== previous.generation ||
  canonical(object.annotations) !== canonical(previous.annotations);

/** True if the Deployment has just completed its rollout, or is gone: the app's rollout can continue. */
export const isUrgentDeploymentChange = ({ type, object, previous }: Change<Manifest>): boolean =>
  type === "DELETED" || (isSettled(object) && (previous === undefined || !isSettled(previous)));
