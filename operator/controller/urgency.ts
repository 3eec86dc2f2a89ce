import { canonical } from "../core/hash.ts";
import type { Manifest } from "../core/manifest.ts";
import type { App } from "../core/observed.ts";
import { isSettled } from "../core/view.ts";
import type { Change } from "../runtime/storeupdater.ts";

/**
 * How long a change may wait for more of its kind. A rollout of one pod makes a dozen changes in a fraction of a
 * second, most of which say nothing that the next one doesn't: one look for all of them costs a third.
 */
export const soonMs = 100;

/** Somebody wants something else: what is not only a new status, which is mostly our own. */
export const isNewWish = ({ type, object, previous }: Change<App>): boolean =>
  type !== "MODIFIED" ||
  previous === undefined ||
  object.deleting ||
  object.generation !== previous.generation ||
  canonical(object.annotations) !== canonical(previous.annotations);

/** What the rollout waits for has come: the Deployment is as it is to be, or it is gone. */
export const isRolledOut = ({ type, object }: Change<Manifest>): boolean =>
  type === "DELETED" || isSettled(object);
