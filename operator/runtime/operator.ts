import { readFile } from "node:fs/promises";
import k8sOperator, { type ResourceEvent, type ResourceMeta } from "@dot-i/k8s-operator";
import { type CustomResourceDefinition, parseManifest } from "./client.ts";
import { CoalescingQueue } from "./coalescingqueue.ts";
import type { Checks } from "./health.ts";
import { apiVersionOf, collectionPath, type KubeObject, objectKey, type ResourceType } from "./kubernetes.ts";
import { operatorLogger } from "./log.ts";
import { type Controller, type ControllerOptions, defaultBackoff, defaultConcurrency } from "./controller.ts";
import { type CacheOptions, Manager, type ManagerOptions } from "./manager.ts";
import type { Change } from "./storeupdater.ts";
import type { Informer } from "./informer.ts";
import type { Handler, ReconcileResult } from "./workqueue.ts";

const { ResourceEventType, ResourceMetaImpl } = k8sOperator;

const definitions: ResourceType = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

const eventTypes = {
  ADDED: ResourceEventType.Added,
  MODIFIED: ResourceEventType.Modified,
  DELETED: ResourceEventType.Deleted,
} as const;

/** Parameters of the base class's methods, as tuples: functions have at most three parameters here. */
type WatchArguments = [
  group: string,
  version: string,
  plural: string,
  onEvent: (event: ResourceEvent) => Promise<void>,
  namespace?: string,
];
type UriArguments = [group: string, version: string, plural: string, namespace?: string];

/** Casts an object to the base class's type, which for example has mutable finalizers. */
const asResource = (object: unknown): ResourceEvent["object"] => object as ResourceEvent["object"];

const eventOf = (plural: string, { type, object }: Change<KubeObject>): ResourceEvent => {
  const resource = asResource(object);
  const meta = ResourceMetaImpl.createWithPlural(plural, resource);
  return { type: eventTypes[type], object: resource, meta };
};

/** A manager with one controller. */
export type OperatorOptions = ManagerOptions & Pick<ControllerOptions, "concurrency" | "backoff">;

/**
 * Replaces the unreliable methods of @dot-i/k8s-operator's base class: its `watchResource` exits the process on any
 * failure, never lists and misses deletes; its writes fail silently. A subclass declares caches (or watches) in `init`
 * and implements `reconcile`.
 */
export abstract class Operator extends k8sOperator.default {
  protected readonly manager: Manager;
  protected readonly controller: Controller;
  readonly #options: OperatorOptions;
  readonly #watched = new Map<string, ResourceType>();

  constructor(options: OperatorOptions) {
    const manager = new Manager(options);
    super(operatorLogger(manager.log));
    this.#options = options;
    this.manager = manager;
    const { name, concurrency, backoff } = options;
    const reconcile: Handler = (key, failures) => this.reconcile(key, failures);
    this.controller = manager.controller({ name, concurrency, backoff, reconcile });
  }

  /** Reconciles a key. If it throws, the error is logged and the key is requeued with backoff. */
  protected abstract reconcile(key: string, failures: number): Promise<ReconcileResult | void>;

  /** Runs `init`, then starts the watches and the election. Resolves before: see `ready`. */
  override async start(): Promise<void> {
    await super.start();
    this.manager.start();
  }

  /** Stops within 10 s: ends reconciles in progress, writes pending events, releases the lease. Never rejects. */
  shutDown(): Promise<void> {
    return this.manager.stop();
  }

  /** Calls `shutDown` without waiting: the base class's signature returns no promise. */
  override stop(): void {
    void this.shutDown();
  }

  /** Liveness checks: each fails if a watch is stuck or a reconcile hangs, so that a restart helps. */
  get live(): Checks {
    return this.manager.live;
  }

  /** Readiness checks: they pass if this process can reconcile, now or once it leads. */
  get ready(): Checks {
    return this.manager.ready;
  }

  /** Declares a cache of a kind. Call it only in `init`. */
  protected cache<T>(options: CacheOptions<T>): Informer<T> {
    return this.manager.cache(options);
  }

  /**
   * Watches a kind. `onEvent` gets one event per object at a time; if it rejects, it gets the event again with backoff.
   * Of an object's pending events only the latest is delivered. For kinds with many objects prefer `cache`.
   */
  protected override watchResource(
    ...[group, version, plural, onEvent, namespace]: WatchArguments
  ): Promise<void> {
    const resource = { group, version, plural, kind: "", namespaced: true };
    const id = `${plural}.${apiVersionOf(resource)}`;
    this.#watched.set(id, resource);
    const onError = (key: string, error: unknown, retryInMs: number): void =>
      this.manager.log.warn(
        { key, resource: plural, err: error, retryInMs },
        "event handler failed, retrying",
      );
    const { clock, random, metrics } = this.manager;
    const { concurrency = defaultConcurrency, backoff = defaultBackoff } = this.#options;
    const shared = { clock, random, metrics, concurrency, backoff };
    const events = new CoalescingQueue<ResourceEvent>({ ...shared, name: id, onEvent, onError });
    this.manager.drainOnStop(events);
    this.cache({
      resource,
      namespaces: namespace === undefined ? this.#options.namespaces : [namespace],
      transform: (object) => object,
      onChange: (change) => {
        const { metadata } = change.object;
        events.push(objectKey(metadata.namespace, metadata.name), eventOf(plural, change));
      },
    });
    return Promise.resolve();
  }

  /** Replaces the status. Rejects on any error; an outdated `meta` is a conflict. */
  protected override async setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const { apiVersion, kind, namespace, name, resourceVersion } = meta;
    const object = { apiVersion, kind, metadata: { namespace, name, resourceVersion }, status };
    const stored = await this.manager.client.replace(this.#typeOf(meta), object, {
      subresource: "status",
    });
    return ResourceMetaImpl.createWithId(meta.id, asResource(stored));
  }

  /** Merges into the status (RFC 7386). Rejects on any error; an outdated `meta` is a conflict. */
  protected override async patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const body = { metadata: { resourceVersion: meta.resourceVersion }, status };
    const options = { type: "merge", body, subresource: "status" } as const;
    const stored = await this.manager.client.patch(this.#typeOf(meta), meta, options);
    return ResourceMetaImpl.createWithId(meta.id, asResource(stored));
  }

  /** Sets the finalizers. Rejects on any error; an outdated `meta` is a conflict. */
  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const body = { metadata: { resourceVersion: meta.resourceVersion, finalizers } };
    await this.manager.client.patch(this.#typeOf(meta), meta, { type: "merge", body });
  }

  /** Returns the URL of a custom resource's collection. */
  protected override getCustomResourceApiUri(...[group, version, plural, namespace]: UriArguments): string {
    const resource = { group, version, plural, kind: "", namespaced: true };
    return `${this.manager.client.server}${collectionPath(resource, namespace)}`;
  }

  /** Creates or updates a CustomResourceDefinition from a YAML file. */
  protected override async registerCustomResourceDefinition(crdFile: string) {
    const manifest = parseManifest(await readFile(crdFile, "utf8"));
    if (!manifest.apiVersion.startsWith("apiextensions.k8s.io/")) {
      throw new Error(`${crdFile} is not a CustomResourceDefinition`);
    }
    await this.#options.client.apply(definitions, manifest, {
      fieldManager: this.#options.name,
      force: true,
    });
    const { spec } = manifest as unknown as CustomResourceDefinition;
    return { group: spec.group, versions: spec.versions, plural: spec.names.plural };
  }

  #typeOf(meta: ResourceMeta): ResourceType {
    const resource = this.#watched.get(meta.id);
    if (resource === undefined) throw new Error(`${meta.id} is not watched`);
    return resource;
  }
}
