import { deploymentName, serviceName } from "../api/names.ts";
import type { Manifest } from "../core/manifest.ts";
import type { App, Observed, Refusal } from "../core/observed.ts";
import { readRevisions } from "../core/storedrevisions.ts";
import { ApiError } from "../runtime/client.ts";
import { byKey } from "../runtime/controller.ts";
import type { ApiClient } from "../runtime/kubernetes.ts";
import type { Informer } from "../runtime/informer.ts";
import { resourceOf } from "./resources.ts";
import { type AppPod, type Scaler, manifestOf } from "./transform.ts";
import type { Warnings } from "./warnings.ts";

/** One cache per kind. Children are indexed by the key of their app. */
export interface Caches {
  readonly apps: Informer<App>;
  readonly deployments: Informer<Manifest>;
  readonly services: Informer<Manifest>;
  readonly revisions: Informer<Manifest>;
  readonly pods: Informer<AppPod>;
  readonly scalers: Informer<Scaler>;
}

export interface ObserveOptions {
  readonly caches: Caches;
  readonly client: ApiClient;
  readonly warnings: Warnings;
}

/** The live object with a child's name, owned by the app or not; or the API server's refusal to return the object. */
interface ChildLookup {
  readonly live?: Manifest;
  readonly refused?: Refusal;
}

type ChildKind = "Deployment" | "Service";

/** The name of the app's child, and the cached object with that name. */
function cachedChild(app: App, kind: ChildKind, { deployments, services }: Caches) {
  const [cache, name] =
    kind === "Deployment"
      ? [deployments, deploymentName(app.name, "stable")]
      : [services, serviceName(app.name)];
  return { name, live: cache.store.get(app.namespace, name) };
}

/**
 * Gets a child that the cache lacks from the API server. The cache omits objects without the operator's labels, and
 * such an object with the child's name must not be overwritten.
 */
async function lookUpChild(
  app: App,
  kind: ChildKind,
  { caches, client }: ObserveOptions,
): Promise<ChildLookup> {
  const { name, live } = cachedChild(app, kind, caches);
  if (live !== undefined) return {};
  try {
    return { live: manifestOf(await client.get(resourceOf({ kind }), { namespace: app.namespace, name })) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.isNotFound) return {};
    if (!error.isForbidden) throw error;
    const scope = kind === "Deployment" ? "stable" : "traffic";
    return { refused: { object: `${kind}/${name}`, scope, status: error.status, message: error.message } };
  }
}

/** Pods sorted by name: messages name the first of several pods, and must not change whenever a pod changes. */
const podsOf = (caches: Caches, key: string): readonly AppPod[] =>
  caches.pods.store.byIndex(byKey, key).toSorted((a, b) => (a.name < b.name ? -1 : 1));
const scalersOf = (caches: Caches, key: string): readonly string[] =>
  caches.scalers.store
    .byIndex(byKey, key)
    .map(({ name }) => name)
    .toSorted();

/** Reads from the API server what the caches lack. */
async function readUncached(app: App, key: string, options: ObserveOptions) {
  const [deployment, service, warnings] = await Promise.all([
    lookUpChild(app, "Deployment", options),
    lookUpChild(app, "Service", options),
    options.warnings.of(app, podsOf(options.caches, key)),
  ]);
  return { deployment, service, warnings };
}

/** Returns everything that a plan for the app depends on; undefined if the app does not exist. */
export async function observe(key: string, options: ObserveOptions): Promise<Observed | undefined> {
  const { caches } = options;
  const [namespace, name = ""] = key.split("/");
  const requested = caches.apps.store.get(namespace, name);
  if (requested === undefined) return undefined;
  const { deployment, service, warnings } = await readUncached(requested, key, options);
  // Read all caches after the API calls, so that `plan` doesn't compare old state with the current time.
  const app = caches.apps.store.get(namespace, name);
  if (app === undefined) return undefined;
  const deployments = {
    stable: cachedChild(app, "Deployment", caches).live ?? deployment.live,
    // The operator creates no candidate Deployment that its cache doesn't select.
    candidate: caches.deployments.store.get(namespace, deploymentName(name, "candidate")),
  };
  return {
    app,
    deployments,
    service: cachedChild(app, "Service", caches).live ?? service.live,
    ...readRevisions({ app, deployments }, caches.revisions.store.byIndex(byKey, key)),
    pods: podsOf(caches, key),
    warnings,
    scalers: scalersOf(caches, key),
    refused: [deployment.refused, service.refused].filter((refusal) => refusal !== undefined),
  };
}
