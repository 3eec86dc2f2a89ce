import { fieldManager } from "../api/names.ts";
import type { Action } from "../core/action.ts";
import { canonical } from "../core/hash.ts";
import { isOfAdmission } from "../core/writeblockers.ts";
import type { Refusal } from "../core/observed.ts";
import { ApiError } from "../runtime/client.ts";
import type { ApiClient, KubeObject } from "../runtime/kubernetes.ts";
import { resourceOf } from "./resources.ts";

/**
 * Applies that changed nothing although the live object differs, as when a mutating webhook changes it back. They
 * are not repeated until the object or what is wanted of it changes: the operator is to be quiet.
 */
export class NoOpApplies {
  readonly #applies = new Map<string, string>();

  has(action: Apply): boolean {
    return action.over !== undefined && this.#applies.get(keyOf(action)) === textOf(action);
  }

  /** Takes note of what an apply answered; gives whether it changed anything. */
  note(action: Apply, answer: KubeObject): boolean {
    const changed = action.over === undefined || answer.metadata.resourceVersion !== action.over;
    if (changed) this.#applies.delete(keyOf(action));
    else this.#applies.set(keyOf(action), textOf(action));
    return changed;
  }

  /** Drops what is remembered of an app that is gone, by `namespace/name`: its objects have its name. */
  forget(app: string): void {
    for (const kind of ["Deployment", "Service"]) this.#applies.delete(`${kind}/${app}`);
  }
}

type Apply = Extract<Action, { readonly do: "apply" }>;
const keyOf = ({ object }: Apply): string =>
  `${object.kind}/${object.metadata.namespace}/${object.metadata.name}`;
const textOf = ({ object, over }: Apply): string => `${over} ${canonical(object)}`;

export interface ActOptions {
  readonly client: ApiClient;
  readonly noOpApplies: NoOpApplies;
  /** Takes in what a write answered, so that the next observation is not older. */
  readonly learn: (object: KubeObject) => void;
  readonly onDone: (action: Action) => void;
}

/** Makes one write; gives whether it changed anything. */
async function perform(action: Action, { client, learn, noOpApplies }: ActOptions): Promise<boolean> {
  const { object } = action;
  const resource = resourceOf(object);
  if (action.do === "apply") {
    const answer = await client.apply(resource, object, { fieldManager, force: true });
    learn(answer);
    return noOpApplies.note(action, answer);
  }
  const { namespace, name, uid } = object.metadata;
  if (action.do === "take-over") {
    learn(
      await client.patch(resource, { namespace, name }, { type: "json", body: action.patch, fieldManager }),
    );
    return true;
  }
  await client.delete(resource, { namespace, name }, { preconditions: { uid } });
  return true;
}

/** What the API server says with a 500 though trying again gives the same: a field or a type that it doesn't know. */
const standing = /failed to (create typed|convert)|too large/;

/** Answers that stay the same until a person changes something. A namespace that is going soon takes the app along. */
function isRefusal(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  if (error.isForbidden) return !/is being terminated/.test(error.message);
  const { status, message } = error;
  if (error.isInvalid || status === 413 || isOfAdmission(message)) return true;
  return status === 500 && standing.test(message);
}

/** A patch of an object that has changed meanwhile may be called invalid: the next look knows better. */
const isOutdated = (action: Action, { isInvalid, message }: ApiError): boolean =>
  action.do === "take-over" && isInvalid && !isOfAdmission(message);

/** What is to be deleted and is gone, or is another one by now, needs no deleting. */
const isDone = (action: Action, error: unknown): boolean =>
  action.do === "delete" && error instanceof ApiError && (error.isNotFound || error.isConflict);

/**
 * Carries out actions in order and stops at the first that the API server refuses for good, which is returned.
 * Anything else that goes wrong is thrown, to be tried again.
 */
export async function act(actions: readonly Action[], options: ActOptions): Promise<Refusal | undefined> {
  for (const action of actions) {
    if (action.do === "apply" && options.noOpApplies.has(action)) continue;
    try {
      if (await perform(action, options)) options.onDone(action);
    } catch (error) {
      if (isDone(action, error)) continue;
      if (!isRefusal(error) || isOutdated(action, error)) throw error;
      const { kind, metadata } = action.object;
      return { object: `${kind}/${metadata.name}`, status: error.status, message: error.message };
    }
  }
  return undefined;
}
