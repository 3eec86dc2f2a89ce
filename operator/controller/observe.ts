import { childAnnotations, deploymentName, previewName, serviceName, tracks } from "../api/names.ts";
import type { Manifest } from "../core/manifest.ts";
import type { App, Observed, Refusal, Revision } from "../core/observed.ts";
import { ownershipOf } from "../core/ownership.ts";
import type { Scope } from "../core/action.ts";
import { stepsOf, strategyOf } from "../core/strategies/strategy.ts";
import { readRevisions } from "../core/storedrevisions.ts";
import { ApiError, ExpectedError } from "../runtime/api-error.ts";
import { byKey } from "../runtime/controller.ts";
import type { ApiClient } from "../runtime/kubernetes.ts";
import type { Informer } from "../runtime/informer.ts";
import { isStub, manifestOf, stubOf } from "./children.ts";
import { resourceOf, resources } from "./resources.ts";
import type { AppPod, Scaler } from "./transform.ts";
import type { Measurer } from "./measure.ts";
import type { Templates } from "./templates.ts";
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
  readonly templates: Templates;
  readonly measurer: Pick<Measurer, "analysisOf">;
  /** Since when this process reconciles, ms since 1970. */
  readonly watchedSinceMs?: number | undefined;
}

/** The live object with a child's name, owned by the app or not; or the API server's refusal to return the object. */
interface ChildLookup {
  /** The uid of the cached object at the time of the lookup. */
  readonly cachedUid: string | undefined;
  readonly live?: Manifest;
  readonly refused?: Refusal;
}

/** The children of an app: the Deployments of its tracks, its Service, and the Service of its candidate. */
const children = [...tracks, "service", "preview"] as const;
type Child = (typeof children)[number];

const isService = (child: Child): child is "service" | "preview" =>
  child === "service" || child === "preview";
const kindOf = (child: Child): "Deployment" | "Service" => (isService(child) ? "Service" : "Deployment");
const nameOf = ({ name }: App, child: Child): string => {
  if (child === "service") return serviceName(name);
  return child === "preview" ? previewName(name) : deploymentName(name, child);
};

/** The cached object with a child's name. */
const cachedChild = (app: App, child: Child, { deployments, services }: Caches): Manifest | undefined =>
  (isService(child) ? services : deployments).store.get(app.namespace, nameOf(app, child));

/** The cached object with a child's name, if the cache has the object's content. */
function wholeChild(app: App, child: Child, caches: Caches): Manifest | undefined {
  const live = cachedChild(app, child, caches);
  return live === undefined || isStub(live) ? undefined : live;
}

/** Drops the content of an object that the plan does not write. It can be large, and the observation lasts for seconds. */
const withoutForeignContent = (app: App, live: Manifest): Manifest =>
  ownershipOf(app, live) === "taken" ? stubOf(live) : live;

/** True if a plan can need a child's name at present: those of the candidate only in a rollout with steps. */
function isNeededBy({ namespace, name, spec }: App, child: Child, caches: Caches): boolean {
  if (child === "stable" || child === "service") return true;
  if (spec === undefined || stepsOf(spec).length === 0) return false;
  if (child === "preview" && !strategyOf(spec).hasPreview) return false;
  const revisions = caches.revisions.store.byIndex(byKey, `${namespace}/${name}`);
  const isOpen = revisions.some(
    ({ metadata }) => metadata.annotations?.[childAnnotations.outcome] === undefined,
  );
  return isOpen && revisions.length > 1;
}

/**
 * Gets an object with a child's name from the API server if the cache lacks its content. The cache omits objects without
 * the operator's labels, and such an object with the child's name must not be overwritten.
 */
async function lookUpChild(
  app: App,
  child: Child,
  { caches, client }: ObserveOptions,
): Promise<ChildLookup | undefined> {
  const cached = cachedChild(app, child, caches);
  const isNeeded = cached === undefined ? isNeededBy(app, child, caches) : isStub(cached);
  if (!isNeeded) return undefined;
  const cachedUid = cached?.metadata.uid;
  const [kind, name] = [kindOf(child), nameOf(app, child)];
  try {
    const live = manifestOf(await client.get(resourceOf({ kind }), { namespace: app.namespace, name }));
    return { cachedUid, live: withoutForeignContent(app, live) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.isNotFound) return { cachedUid };
    if (!error.isForbidden) throw error;
    const scope: Scope = child === "service" ? "traffic" : child;
    const { status, message } = error;
    return { cachedUid, refused: { object: `${kind}/${name}`, scope, status, message } };
  }
}

/** Pods sorted by name: messages name the first of several pods, and must not change whenever a pod changes. */
export const podsOf = (caches: Caches, key: string): readonly AppPod[] =>
  caches.pods.store.byIndex(byKey, key).toSorted((a, b) => (a.name < b.name ? -1 : 1));
const scalersOf = (caches: Caches, key: string): readonly string[] =>
  caches.scalers.store
    .byIndex(byKey, key)
    .map(({ name }) => name)
    .toSorted();

type Uncached = Awaited<ReturnType<typeof readUncached>>;

/** Reads from the API server what the caches lack. */
async function readUncached(app: App, key: string, options: ObserveOptions) {
  const [stable, candidate, service, preview, warnings] = await Promise.all([
    lookUpChild(app, "stable", options),
    lookUpChild(app, "candidate", options),
    lookUpChild(app, "service", options),
    lookUpChild(app, "preview", options),
    options.warnings.of(app, podsOf(options.caches, key)),
  ]);
  return { found: { stable, candidate, service, preview }, warnings };
}

/** True if a cache has an object with a child's name, but without its content, that the lookup before does not have. */
const isOutdated = (app: App, { found }: Uncached, caches: Caches): boolean =>
  children.some((child) => {
    const cached = cachedChild(app, child, caches);
    if (cached === undefined || !isStub(cached)) return false;
    const { cachedUid, live } = found[child] ?? {};
    return ![cachedUid, live?.metadata.uid].includes(cached.metadata.uid);
  });

/** What the caches have after the API calls, so that `plan` doesn't compare old state with the current time. */
function readCaches(key: string, { found, warnings }: Uncached, caches: Caches): Observed | undefined {
  const [namespace, name = ""] = key.split("/");
  const app = caches.apps.store.get(namespace, name);
  if (app === undefined) return undefined;
  const liveOf = (child: Child) => wholeChild(app, child, caches) ?? found[child]?.live;
  const deployments = { stable: liveOf("stable"), candidate: liveOf("candidate") };
  return {
    app,
    deployments,
    service: liveOf("service"),
    preview: liveOf("preview"),
    ...readRevisions({ app, deployments }, caches.revisions.store.byIndex(byKey, key)),
    pods: podsOf(caches, key),
    warnings,
    scalers: scalersOf(caches, key),
    refused: Object.values(found).flatMap((lookup) => lookup?.refused ?? []),
  };
}

/** Reads the template of a revision from the API server. Throws if the cache is behind. */
async function readTemplate(
  { live }: Revision,
  { client, templates }: ObserveOptions,
): Promise<Refusal | undefined> {
  const { namespace, name, uid } = live.metadata;
  const object = `ControllerRevision/${name}`;
  try {
    const current = await client.get(resources.ControllerRevision, { namespace, name });
    if (current.metadata.uid !== uid || !templates.add(current))
      throw new ExpectedError(`${object} is not as in the cache`);
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError && error.isForbidden)) throw error;
    return { object, scope: "revision", status: error.status, message: error.message };
  }
}

/**
 * Returns everything that a plan for the app depends on; undefined if the app does not exist. If the API server refuses to
 * return a revision, all revisions whose templates are not known are missing: without the stable revision, the one before
 * must not be taken for it.
 */
export async function observe(key: string, options: ObserveOptions): Promise<Observed | undefined> {
  const { caches, templates } = options;
  const [namespace, name = ""] = key.split("/");
  const app = caches.apps.store.get(namespace, name);
  if (app === undefined) return undefined;
  const uncached = await readUncached(app, key, options);
  const unread = new Set<Manifest>();
  let refusal: Refusal | undefined;
  for (;;) {
    const seen = readCaches(key, uncached, caches);
    if (seen === undefined) return undefined;
    // A child that the plan misses would be created, over the object that has its name.
    if (isOutdated(seen.app, uncached, caches)) return observe(key, options);
    const readable = seen.revisions.filter(({ live }) => !unread.has(live));
    const { revisions, missing } = templates.complete(seen.app, readable);
    const [next] = missing;
    if (next === undefined)
      return {
        ...seen,
        revisions,
        refused: refusal ? [...seen.refused, refusal] : seen.refused,
        watchedSinceMs: options.watchedSinceMs,
        analysis: options.measurer.analysisOf(key),
      };
    refusal ??= await readTemplate(next, options);
    if (refusal !== undefined) for (const { live } of missing) unread.add(live);
  }
}
