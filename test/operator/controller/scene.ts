import { NoOpApplies } from "../../../operator/runtime/noopapplies.ts";
import { Repairs } from "../../../operator/controller/repairs.ts";
import { AppMetrics } from "../../../operator/controller/metrics.ts";
import { byKey } from "../../../operator/runtime/controller.ts";
import { type ReconcileOptions, reconcile } from "../../../operator/controller/reconcile.ts";
import { Templates } from "../../../operator/controller/templates.ts";
import { createReporter } from "../../../operator/controller/report.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import type { App } from "../../../operator/core/observed.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { Store } from "../../../operator/runtime/store.ts";
import type { ReconcileResult } from "../../../operator/runtime/workqueue.ts";
import { mergePatch } from "../../sim/apiserver/patches.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { app, rolledOut, startMs } from "../core/objects.ts";

/** Requests of a reconcile, as the scene records them. */
export const lookups = ["get Deployment/web", "get Service/web"];
/** The reads before the first rollout starts. */
export const reads = [...lookups, "get DemoApp/web"];
export const statusWrite = "apply DemoApp/status";

/** Responses that a retry may fix. */
export const unavailable = new ApiError(503, {});
export const conflict = new ApiError(409, { reason: "Conflict" });

/** The key of the app in the caches. */
export const key = "team/web";

const cacheOf = <T>() => ({ store: new Store<T>({ [byKey]: () => [key] }) });

/** Caches with one app and no children. Every child that a test adds belongs to the app. */
export function createCaches(initial: App) {
  const apps = cacheOf<App>();
  apps.store.set(initial.namespace, initial.name, initial);
  const [deployments, services, revisions] = [cacheOf<Manifest>(), cacheOf<Manifest>(), cacheOf<Manifest>()];
  return { apps, deployments, services, revisions, pods: cacheOf<object>(), scalers: cacheOf<object>() };
}

/** Reconciles one app on an API server without other objects. Records requests and events, in order, as steps. */
export class Scene {
  readonly clock = new VirtualClock(startMs);
  readonly logged: { readonly msg: string }[] = [];
  readonly caches;
  /** Called with each request's step, for example `apply DemoApp/status`. The request fails with the returned error. */
  fault: (step: string) => Error | undefined | void = () => undefined;
  /** Returns the resourceVersion of the response to an apply; default: a new one. */
  version = (): string => String((this.#version += 1));
  /** False: the caches keep what they have, as a cache does with an object that counts as older. */
  updatesCache = true;
  /** How often in a row `reconcile` has thrown until now. */
  failures = 0;
  /** The object that the API server returns; default: the cached DemoApp, and no other object. */
  live = (kind: string, _name: string): object | undefined => {
    if (kind !== "DemoApp" || this.app === undefined) return undefined;
    const { namespace, name, uid, generation, annotations, spec } = this.app;
    return { kind, metadata: { namespace, name, uid, generation, annotations }, spec };
  };
  readonly #metrics = createMetrics();
  readonly #options: ReconcileOptions;
  #steps: string[] = [];
  #version = 10;

  constructor(initial = app()) {
    this.caches = createCaches(initial);
    const { clock, caches } = this;
    const client = {
      get: async ({ kind }: { kind: string }, { name }: { name: string }) => {
        this.#request(`get ${kind}/${name}`);
        const live = this.live(kind, name);
        if (live === undefined) throw new ApiError(404, { reason: "NotFound" });
        return live;
      },
      create: async (_: unknown, object: Manifest) => this.#write("create", object),
      patch: async (_: unknown, { name }: { name: string }, { body }: { body: object }) => {
        const live = this.caches.revisions.store.get("team", name) ?? this.live("ControllerRevision", name);
        return this.#write("patch", mergePatch(live, body) as Manifest);
      },
      apply: async (_: unknown, object: Manifest, { subresource }: { subresource?: string }) =>
        this.#write("apply", object, subresource),
    };
    const updateCache = (object: Manifest) => this.#updateCache(object);
    const options = {
      caches,
      client,
      clock,
      updateCache,
      noOpApplies: new NoOpApplies(),
      repairs: new Repairs(clock),
      templates: new Templates(),
      measurer: { analysisOf: () => undefined, follow: () => undefined },
      warnings: { of: () => Promise.resolve([]) },
      metrics: new AppMetrics(this.#metrics, () => true),
      recorder: {
        record: ({ reason }: { reason: string }) => void this.#steps.push(`event ${reason}`),
        recordOnce: async ({ reason }: { reason: string }) => this.#steps.push(`event ${reason}`) > 0,
      },
      log: createLogger("debug", { write: (line: string) => void this.logged.push(JSON.parse(line)) }),
    } as unknown as ReconcileOptions;
    this.#options = { ...options, reporter: createReporter(options) };
  }

  /** Reconciles once. Returns the requeue time, the error if it throws, and the steps. */
  async reconcile(): Promise<ReconcileResult & { readonly steps: string[]; readonly error?: unknown }> {
    this.#steps = [];
    const steps = this.#steps;
    try {
      const result = await reconcile({ key, failures: this.failures }, this.#options);
      this.failures = 0;
      return { steps, ...result };
    } catch (error) {
      this.failures += 1;
      return { steps, error };
    }
  }

  /** The app in the cache. */
  get app(): App | undefined {
    return this.caches.apps.store.get("team", "web");
  }

  set app(value: App | undefined) {
    if (value === undefined) this.caches.apps.store.delete("team", "web");
    else this.caches.apps.store.set("team", "web", value);
  }

  /** Changes the live Deployment. */
  changeDeployment(change: (live: Manifest) => Manifest): void {
    const live = this.caches.deployments.store.get("team", "web");
    if (live === undefined) throw new Error("the app has no Deployment");
    this.#updateCache(change(live));
  }

  /** The phases that the metrics export. */
  async phases(): Promise<string[]> {
    const text = await this.#metrics.scrape();
    return [...text.matchAll(/^demoapp_phase\{.*phase="(\w+)"/gm)].map(([, phase = ""]) => phase);
  }

  #write(verb: string, object: Manifest, subresource?: string): Manifest {
    this.#request(`${verb} ${object.kind}${subresource === undefined ? "" : `/${subresource}`}`);
    const { kind, metadata } = object;
    return { ...object, metadata: { uid: `uid-${kind}`, ...metadata, resourceVersion: this.version() } };
  }

  #request(step: string): void {
    this.#steps.push(step);
    const error = this.fault(step);
    if (error) throw error;
  }

  #updateCache(object: Manifest): void {
    if (!this.updatesCache) return;
    const { deployments, services, revisions } = this.caches;
    const cache = { Deployment: deployments, Service: services, ControllerRevision: revisions }[object.kind];
    if (cache !== undefined) cache.store.set("team", object.metadata.name, object);
    else if (this.app !== undefined) this.app = { ...this.app, status: object["status"] as App["status"] };
  }
}

/** The app after a completed rollout. */
export async function healthyScene(): Promise<Scene> {
  const scene = new Scene();
  await scene.reconcile();
  scene.changeDeployment((live) => rolledOut(live));
  await scene.reconcile();
  if (scene.app?.status?.phase !== "Healthy") throw new Error("the app is not Healthy");
  return scene;
}

/** A healthy app whose Deployment was changed by hand, and whose Service was deleted. */
export async function unrepairedScene(): Promise<Scene> {
  const scene = await healthyScene();
  scene.changeDeployment((live) => ({
    ...live,
    spec: { ...(live["spec"] as object), revisionHistoryLimit: 7 },
  }));
  scene.caches.services.store.delete("team", "web");
  return scene;
}
