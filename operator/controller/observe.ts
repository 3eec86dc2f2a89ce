import { claimedNames } from "../core/writeblockers.ts";
import type { Manifest } from "../core/manifest.ts";
import type { App, Observed, Refusal, Revision } from "../core/observed.ts";
import { readRevision } from "../core/revisions.ts";
import { ApiError } from "../runtime/client.ts";
import type { ApiClient } from "../runtime/kubernetes.ts";
import type { Informer } from "../runtime/informer.ts";
import { resourceOf } from "./resources.ts";
import { type AppPod, type Scaler, manifestOf } from "./transform.ts";
import type { Warnings } from "./warnings.ts";

/** One cache per kind; children are found by the app they belong to, as `namespace/name`. */
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

/** The index that children are under. */
export const byApp = "app";

/** An object of a child's name as it is on the server, ours or not; or why that can't be told. */
interface Found {
  readonly live?: Manifest;
  readonly refused?: Refusal;
}

type ChildKind = "Deployment" | "Service";

/** The name of the app's child, and what the cache has under it. */
function cached(app: App, kind: ChildKind, { deployments, services }: Caches) {
  const names = claimedNames(app);
  const [cache, name] = kind === "Deployment" ? [deployments, names.deployment] : [services, names.service];
  return { name, live: cache.store.get(app.namespace, name) };
}

/**
 * Asks for a child that the cache lacks: an object of the same name without our labels is not in it, and must not be
 * overwritten.
 */
async function sought(app: App, kind: ChildKind, { caches, client }: ObserveOptions): Promise<Found> {
  const { name, live } = cached(app, kind, caches);
  if (live !== undefined) return {};
  try {
    return { live: manifestOf(await client.get(resourceOf({ kind }), { namespace: app.namespace, name })) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.isNotFound) return {};
    if (!error.isForbidden) throw error;
    return { refused: { object: `${kind}/${name}`, status: error.status, message: error.message } };
  }
}

const revisionsOf = (caches: Caches, key: string): readonly Revision[] =>
  caches.revisions.store.byIndex(byApp, key).flatMap((live) => readRevision(live) ?? []);

/** In an order of their own: the first of several is named, and that must not change with each change of one. */
const podsOf = (caches: Caches, key: string): readonly AppPod[] =>
  caches.pods.store.byIndex(byApp, key).toSorted((a, b) => (a.name < b.name ? -1 : 1));
const scalersOf = (caches: Caches, key: string): readonly string[] =>
  caches.scalers.store
    .byIndex(byApp, key)
    .map(({ name }) => name)
    .toSorted();

/** What has to be asked for, which may take its time. */
async function asked(app: App, key: string, options: ObserveOptions) {
  const [deployment, service, warnings] = await Promise.all([
    sought(app, "Deployment", options),
    sought(app, "Service", options),
    options.warnings.of(app, podsOf(options.caches, key)),
  ]);
  return { deployment, service, warnings };
}

/** Everything that is known about one app now; undefined if there is no such app. */
export async function observe(key: string, options: ObserveOptions): Promise<Observed | undefined> {
  const { caches } = options;
  const [namespace, name = ""] = key.split("/");
  const before = caches.apps.store.get(namespace, name);
  if (before === undefined) return undefined;
  const { deployment, service, warnings } = await asked(before, key, options);
  // All caches at once, and after the answers: what is decided on is not older than the clock it is held against.
  const app = caches.apps.store.get(namespace, name);
  if (app === undefined) return undefined;
  return {
    app,
    deployment: cached(app, "Deployment", caches).live ?? deployment.live,
    service: cached(app, "Service", caches).live ?? service.live,
    revisions: revisionsOf(caches, key),
    pods: podsOf(caches, key),
    warnings,
    scalers: scalersOf(caches, key),
    refused: deployment.refused ?? service.refused,
  };
}
