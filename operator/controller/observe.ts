import { claimedNames } from "../core/holds.ts";
import type { Manifest } from "../core/manifest.ts";
import type { App, Observed, Refusal, Revision } from "../core/observed.ts";
import { readRevision } from "../core/revisions.ts";
import { ApiError } from "../runtime/client.ts";
import type { ApiClient } from "../runtime/kubernetes.ts";
import type { Reflector } from "../runtime/reflector.ts";
import { resourceOf } from "./resources.ts";
import { type AppPod, type Scaler, manifestOf } from "./transform.ts";
import type { Warnings } from "./warnings.ts";

/** One cache per kind; children are found by the app they belong to, as `namespace/name`. */
export interface Caches {
  readonly apps: Reflector<App>;
  readonly deployments: Reflector<Manifest>;
  readonly services: Reflector<Manifest>;
  readonly revisions: Reflector<Manifest>;
  readonly pods: Reflector<AppPod>;
  readonly scalers: Reflector<Scaler>;
}

export interface ObserveOptions {
  readonly caches: Caches;
  readonly client: ApiClient;
  readonly warnings: Warnings;
}

/** The index that children are under. */
export const byApp = "app";

/** A child of the app as it is on the server, ours or not; or why that can't be told. */
interface Child {
  readonly live?: Manifest;
  readonly refused?: Refusal;
}

/**
 * Finds a child. What the cache lacks is asked for: an object of the same name without our labels is not in it,
 * and must not be overwritten.
 */
async function child(app: App, kind: "Deployment" | "Service", options: ObserveOptions): Promise<Child> {
  const { caches, client } = options;
  const names = claimedNames(app);
  const [cache, name] =
    kind === "Deployment" ? [caches.deployments, names.deployment] : [caches.services, names.service];
  const cached = cache.store.get(app.namespace, name);
  if (cached !== undefined) return { live: cached };
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

/** Everything that is known about one app now; undefined if there is no such app. */
export async function observe(key: string, options: ObserveOptions): Promise<Observed | undefined> {
  const { caches } = options;
  const [namespace, name = ""] = key.split("/");
  const app = caches.apps.store.get(namespace, name);
  if (app === undefined) return undefined;
  const pods = caches.pods.store.byIndex(byApp, key);
  const [deployment, service, warnings] = await Promise.all([
    child(app, "Deployment", options),
    child(app, "Service", options),
    options.warnings.of(app, pods),
  ]);
  return {
    app,
    deployment: deployment.live,
    service: service.live,
    revisions: revisionsOf(caches, key),
    pods,
    warnings,
    scalers: caches.scalers.store.byIndex(byApp, key).map((scaler) => scaler.name),
    refused: deployment.refused ?? service.refused,
  };
}
