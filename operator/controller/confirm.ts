import { labels, managedBy, revisionName } from "../api/names.ts";
import { templateMetadataOf } from "../core/deployment.ts";
import { canonical } from "../core/hash.ts";
import type { Refusal } from "../core/observed.ts";
import type { Plan } from "../core/plan.ts";
import { ApiError } from "../runtime/client.ts";
import { byKey } from "../runtime/controller.ts";
import type { ApiClient, KubeObject, ObjectRef, ResourceType } from "../runtime/kubernetes.ts";
import type { ObserveOptions } from "./observe.ts";
import { resources } from "./resources.ts";
import { headOf } from "./transform.ts";

export interface ConfirmOptions {
  readonly client: ApiClient;
  /** The DemoApp as the API server returned it during the observation, if it was asked. */
  readonly early?: KubeObject | undefined;
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

/**
 * Reads a DemoApp that has no revision yet. `observe` reads the names of its children at the same time, so that `confirm`
 * needs no second round trip before the first rollout. Undefined for other apps, and if the API server returns no DemoApp.
 */
export async function readEarly(
  key: string,
  { caches, client }: Pick<ObserveOptions, "caches" | "client">,
): Promise<KubeObject | undefined> {
  const [namespace, name = ""] = key.split("/");
  const spec = caches.apps.store.get(namespace, name)?.spec;
  const isNew = caches.revisions.store.byIndex(byKey, key).length === 0;
  if (spec === undefined || spec.suspend || !isNew) return undefined;
  try {
    return await current(client, resources.DemoApp, { namespace, name });
  } catch (error) {
    // `confirm` then repeats the request and reports the API server's refusal.
    if (error instanceof ApiError && error.isForbidden) return undefined;
    throw error;
  }
}

/** The parts of a DemoApp that decisions follow from. */
const inputs = ({ uid, generation, deleting, annotations }: ReturnType<typeof headOf>): string =>
  canonical([uid, generation, deleting, annotations]);

/**
 * The names of the ControllerRevisions that a plan follows from: those that it applies without a resourceVersion, and the
 * one that a Deployment gets. Without objects that are known and not believed, and those that the plan creates: if such a
 * revision exists, its creation fails.
 */
function revisionsOf({ actions, observed }: Plan): readonly string[] {
  const { app, ignoredRevisions } = observed;
  const created = actions.flatMap(({ do: verb, object }) => (verb === "create" ? [object] : []));
  const excluded = new Set(
    [...created, ...ignoredRevisions.map(({ live }) => live)].map(({ metadata }) => metadata.name),
  );
  const names = actions.flatMap(({ object }) => {
    if (object.kind === "ControllerRevision")
      return object.metadata.resourceVersion === undefined ? [object.metadata.name] : [];
    const hash = object.kind === "Deployment" ? templateMetadataOf(object)?.labels?.[labels.hash] : undefined;
    return hash === undefined ? [] : [revisionName(app.name, hash)];
  });
  return [...new Set(names)].filter((name) => !excluded.has(name));
}

/** True if the cache lacks a revision of the app, or has an older state of it. */
function isNewer({ metadata }: KubeObject, { app, revisions }: Plan["observed"]): boolean {
  const { name, labels: own = {}, resourceVersion } = metadata;
  // The cache does not select objects with other labels; the apply restores the labels.
  if (own[labels.name] !== app.name || own[labels.managedBy] !== managedBy) return false;
  const known = revisions.find(({ live }) => live.metadata.name === name);
  return known === undefined || known.live.metadata.resourceVersion !== resourceVersion;
}

/**
 * What the API server says about an irreversible plan: the caches were up to date, were not and have been updated, the
 * DemoApp is gone, or the operator may not ask.
 */
export type Confirmation = "current" | "outdated" | "gone" | Refusal;

/**
 * Reads from the API server what an irreversible plan follows from: the DemoApp, and the stored revisions that the plan
 * deploys. The caches may be outdated, for example those of a new leader whose watches lag.
 */
export async function confirm(
  plan: Plan,
  { client, updateCache, early }: ConfirmOptions,
): Promise<Confirmation> {
  const { app } = plan.observed;
  const { namespace, name } = app;
  const isSame = (live: KubeObject): boolean => inputs(headOf(live)) === inputs(app);
  try {
    const [live, ...revisions] = await Promise.all([
      // The watch can have delivered a newer DemoApp than the early answer.
      early && isSame(early) ? early : current(client, resources.DemoApp, { namespace, name }),
      ...revisionsOf(plan).map((revision) =>
        current(client, resources.ControllerRevision, { namespace, name: revision }),
      ),
    ]);
    if (live === undefined) return "gone";
    const newer = revisions.filter((revision) => revision !== undefined && isNewer(revision, plan.observed));
    if (isSame(live) && newer.length === 0) return "current";
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
