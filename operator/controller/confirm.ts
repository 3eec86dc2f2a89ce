import { revisionName, labels } from "../api/names.ts";
import { canonical } from "../core/hash.ts";
import type { App, Refusal } from "../core/observed.ts";
import type { Plan } from "../core/plan.ts";
import { ApiError } from "../runtime/client.ts";
import type { ApiClient, KubeObject, ObjectRef, ResourceType } from "../runtime/kubernetes.ts";
import { resources } from "./resources.ts";
import { appOf } from "./transform.ts";

export interface ConfirmOptions {
  readonly client: ApiClient;
  /** Stores an object in the cache, so that the next observation includes it. */
  readonly updateCache: (object: KubeObject) => void;
}

/** The object that the API server has now; undefined if there is none. */
async function current(
  client: ApiClient,
  resource: ResourceType,
  ref: ObjectRef,
): Promise<KubeObject | undefined> {
  try {
    return await client.get(resource, ref);
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

/** The parts of a DemoApp that decisions follow from. */
const inputs = ({ uid, generation, deleting, annotations }: App): string =>
  canonical([uid, generation, deleting, annotations]);

/** The names of the ControllerRevisions that a plan creates, without those of objects that are known and not believed. */
function createdRevisions({ actions, observed }: Plan): readonly string[] {
  const ignored = new Set(observed.ignoredRevisions.map(({ live }) => live.metadata.name));
  return actions.flatMap(({ object: { kind, metadata } }) =>
    kind === "ControllerRevision" && metadata.resourceVersion === undefined && !ignored.has(metadata.name)
      ? [metadata.name]
      : [],
  );
}

/** True if an object with a name that a plan creates is a revision that the cache lacks. */
const isRevision = ({ metadata: { name, labels: own = {} } }: KubeObject): boolean =>
  name === revisionName(own[labels.name] ?? "", own[labels.hash] ?? "");

/**
 * What the API server says about an irreversible plan: the caches were up to date, were not and have been updated, the
 * DemoApp is gone, or the operator may not ask.
 */
export type Confirmation = "current" | "outdated" | "gone" | Refusal;

/**
 * Reads from the API server what an irreversible plan follows from: the DemoApp, and the revisions that the plan would
 * create. The caches may lag behind, for example because a watch of a new leader does.
 */
export async function confirm(plan: Plan, { client, updateCache }: ConfirmOptions): Promise<Confirmation> {
  const { app } = plan.observed;
  const { namespace, name } = app;
  try {
    const [live, ...revisions] = await Promise.all([
      current(client, resources.DemoApp, { namespace, name }),
      ...createdRevisions(plan).map((revision) =>
        current(client, resources.ControllerRevision, { namespace, name: revision }),
      ),
    ]);
    if (live === undefined) return "gone";
    const newer = revisions.filter((revision) => revision !== undefined && isRevision(revision));
    if (inputs(appOf(live, app)) === inputs(app) && newer.length === 0) return "current";
    for (const object of [live, ...newer]) if (object !== undefined) updateCache(object);
    return "outdated";
  } catch (error) {
    if (!(error instanceof ApiError && error.isForbidden)) throw error;
    const { status, message } = error;
    return { object: `DemoApp/${name}`, scope: "revision", status, message };
  }
}

/** Stores the present state of an object whose write conflicted in the cache. Returns false if the object is gone. */
export async function refresh(
  object: Pick<KubeObject, "metadata">,
  resource: ResourceType,
  { client, updateCache }: ConfirmOptions,
): Promise<boolean> {
  const { namespace, name } = object.metadata;
  const live = await current(client, resource, { namespace, name });
  if (live !== undefined) updateCache(live);
  return live !== undefined;
}
