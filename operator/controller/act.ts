import { fieldManager, labels } from "../api/names.ts";
import { type Action, type Scope, isStopped, scopes } from "../core/action.ts";
import type { Refusal } from "../core/observed.ts";
import { isAdmissionMessage } from "../core/refusals.ts";
import { ConnectionError, ExpectedError } from "../runtime/api-error.ts";
import { ApiError } from "../runtime/client.ts";
import type { ApiClient, KubeObject } from "../runtime/kubernetes.ts";
import { type NoOpApplies, objectId } from "../runtime/noopapplies.ts";
import type { Repairs } from "./repairs.ts";
import { resourceOf } from "./resources.ts";

type Outcome = NonNullable<Action["outcome"]>;

export interface ActOptions {
  /** The app's `namespace/name`. */
  readonly key: string;
  readonly client: ApiClient;
  readonly noOpApplies: NoOpApplies;
  /** Limits repairs of an object that another writer changes after each one. */
  readonly repairs: Repairs;
  /** Stores the response to a write in the cache, so that the next observation includes the write. */
  readonly updateCache: (object: KubeObject) => void;
  /** Publishes the end of a rollout. Does not throw if the API server does not take the event. */
  readonly recordOutcome: (outcome: Outcome) => Promise<void>;
  /** Called after each action that changed an object. */
  readonly onWritten: (action: Action) => void;
}

/** A write that failed, although a retry may succeed. */
export interface Failure extends Refusal {
  readonly error: ExpectedError;
  readonly action: Action;
}

export interface Results {
  /** Writes that the API server refuses until a person acts. */
  readonly refused: readonly Refusal[];
  readonly failed: readonly Failure[];
}

/** True if the caches of the operator have an object, under the app of its desired state. */
const isCached = ({ metadata: live }: KubeObject, { metadata: desired }: Action["object"]): boolean =>
  [labels.name, labels.managedBy].every((label) => live.labels?.[label] === desired.labels?.[label]);

/**
 * Creates an object. If it exists, the caches lag, and the error is thrown: a new plan follows. No cache selects an object
 * without the operator's labels, so that these are restored first.
 */
async function create({ object }: Action, { client }: ActOptions): Promise<KubeObject> {
  const resource = resourceOf(object);
  try {
    // A repeated request that finds its own object fails like one that finds an older object: the plan is made anew.
    return await client.create(resource, object, { fieldManager, idempotent: true });
  } catch (error) {
    if (!(error instanceof ApiError && error.isAlreadyExists)) throw error;
    const { namespace, name, labels: own } = object.metadata;
    const ref = { namespace, name };
    if (!isCached(await client.get(resource, ref), object))
      await client.patch(resource, ref, { type: "merge", body: { metadata: { labels: own } }, fieldManager });
    throw error;
  }
}

/** Makes one write. Returns the response; undefined after a delete. */
async function send(action: Action, options: ActOptions): Promise<KubeObject | undefined> {
  const { client } = options;
  const { object } = action;
  const resource = resourceOf(object);
  const { namespace, name, uid } = object.metadata;
  if (action.do === "create") return create(action, options);
  if (action.do === "apply")
    return client.apply(resource, object, { fieldManager, force: action.isNew !== true });
  if (action.do === "delete") {
    await client.delete(resource, { namespace, name }, { preconditions: { uid } });
    return undefined;
  }
  const type = action.do === "patch" ? "merge" : "json";
  return client.patch(resource, { namespace, name }, { type, body: action.patch, fieldManager });
}

/** True for a write that can leave its object unchanged. */
const mayChangeNothing = (action: Action): action is Extract<Action, { readonly over?: unknown }> =>
  action.do === "apply" || action.do === "patch";

/** Makes one write. Returns true if the write changed the object. */
async function write(action: Action, options: ActOptions): Promise<boolean> {
  const { updateCache, noOpApplies, recordOutcome } = options;
  const { object } = action;
  if (action.outcome) await recordOutcome(action.outcome);
  const response = await send(action, options);
  if (response === undefined) {
    noOpApplies.forget(objectId(object));
    return true;
  }
  updateCache(response);
  return mayChangeNothing(action) ? noOpApplies.record(object, action.over, response) : true;
}

/** Messages of 500 responses that a retry can't fix: a field or type unknown to the API server, an oversized object. */
const permanentServerError = /failed to (create typed|convert)|too large/;

/**
 * True for a response that stays the same until a person changes something. A 403 from a terminating namespace is not
 * one: the namespace's deletion also deletes the app.
 */
function isRefusal(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  if (error.isForbidden) return !/is being terminated/.test(error.message);
  const { status, message } = error;
  if (error.isInvalid || status === 413 || isAdmissionMessage(message)) return true;
  return status === 500 && permanentServerError.test(message);
}

/** A stale take-over patch can fail as invalid, not as a conflict: a failure, so that the key is requeued. */
const isStalePatch = (action: Action, { isInvalid, message }: ApiError): boolean =>
  action.do === "take-over" && isInvalid && !isAdmissionMessage(message);

/** A delete needs no retry if the object is gone, or if another object (with another uid) has its name. */
const isAlreadyDeleted = (action: Action, error: unknown): boolean =>
  action.do === "delete" && error instanceof ApiError && (error.isNotFound || error.isConflict);

/** Executes one action. Returns the refusal or the failure, if any. Throws every error that is no `ExpectedError`. */
async function attempt(action: Action, options: ActOptions): Promise<Refusal | Failure | undefined> {
  try {
    if (!(await write(action, options))) return undefined;
    options.onWritten(action);
    options.repairs.count(action);
    return undefined;
  } catch (error) {
    if (isAlreadyDeleted(action, error)) return undefined;
    if (!(error instanceof ExpectedError)) throw error;
    const { kind, metadata } = action.object;
    const status = error instanceof ApiError ? error.status : 0;
    const { scope } = action;
    const refusal = { object: `${kind}/${metadata.name}`, scope, status, message: error.message };
    return isRefusal(error) && !isStalePatch(action, error) ? refusal : { ...refusal, error, action };
  }
}

/** The scopes that make no more writes after a failure. Without a connection, each further write would time out. */
const stoppedBy = (problem: Refusal | Failure): readonly Scope[] =>
  "error" in problem && problem.error instanceof ConnectionError ? scopes : [problem.scope];

/**
 * Executes actions in order. A write that is refused or fails stops only the writes that depend on its scope. Throws
 * defects of the operator, and `NotLeaderError`.
 */
export async function act(actions: readonly Action[], options: ActOptions): Promise<Results> {
  const { key, noOpApplies, repairs } = options;
  const writes = actions.filter(
    (action) => !mayChangeNothing(action) || !noOpApplies.has(action.object, action.over),
  );
  const { refusals, withheld } = repairs.contested(key, writes);
  const stopped = new Set<Scope>();
  const refused: Refusal[] = [...refusals];
  const failed: Failure[] = [];
  for (const action of writes) {
    if (isStopped(action, stopped)) continue;
    if (withheld.has(action)) {
      stopped.add(action.scope);
      continue;
    }
    const problem = await attempt(action, options);
    if (problem === undefined) continue;
    for (const scope of stoppedBy(problem)) stopped.add(scope);
    if ("error" in problem) failed.push(problem);
    else refused.push(problem);
  }
  return { refused, failed };
}
