import { readFile } from "node:fs/promises";
import k8sOperator, { type ResourceEvent, type ResourceMeta } from "@dot-i/k8s-operator";
import { type CustomResourceDefinition, parseManifest } from "./client.ts";
import { CoalescingQueue } from "./coalescingqueue.ts";
import type { Checks } from "./health.ts";
import { apiVersionOf, collectionPath, type KubeObject, objectKey, type ResourceType } from "./kubernetes.ts";
import { operatorLogger } from "./log.ts";
import { type CacheOptions, Manager, type ManagerOptions } from "./manager.ts";
import type { Change } from "./storeupdater.ts";
import type { Informer } from "./informer.ts";
import type { ReconcileResult } from "./workqueue.ts";

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

/** The base class's signatures, as tuples. */
type WatchArguments = [
  group: string,
  version: string,
  plural: string,
  onEvent: (event: ResourceEvent) => Promise<void>,
  namespace?: string,
];
type UriArguments = [group: string, version: string, plural: string, namespace?: string];

/** The same object as the base class's types have it, which for one let finalizers be changed in place. */
const resourceOf = (object: unknown): ResourceEvent["object"] => object as ResourceEvent["object"];

const eventOf = (plural: string, { type, object }: Change<KubeObject>): ResourceEvent => {
  const resource = resourceOf(object);
  const meta = ResourceMetaImpl.createWithPlural(plural, resource);
  return { type: eventTypes[type], object: resource, meta };
};

/**
 * The base class of @dot-i/k8s-operator with its weak parts replaced: its own `watchResource` ends the process on any
 * failure, never lists and loses deletes; its writes fail silently. A subclass declares caches (or watches) in `init`
 * and says in `reconcile` what to do for a key.
 */
export abstract class Operator extends k8sOperator.default {
  protected readonly manager: Manager;
  readonly #options: ManagerOptions;
  readonly #watched = new Map<string, ResourceType>();

  constructor(options: ManagerOptions) {
    super(operatorLogger(options.log));
    this.#options = options;
    this.manager = new Manager(options);
  }

  /** Does what is to be done for a key; what it throws is logged and tried again with backoff. */
  protected abstract reconcile(key: string): Promise<ReconcileResult | void>;

  /** Runs `init`, then starts watching and trying to lead. Resolves before the caches are filled: see `ready`. */
  override async start(): Promise<void> {
    await super.start();
    this.manager.start((key) => this.reconcile(key));
  }

  /** Stops taking work, finishes what runs, writes pending events, releases the lease: within 10 s. Never rejects. */
  shutDown(): Promise<void> {
    return this.manager.stop();
  }

  /** As `shutDown`, for the base class's signature, which has no promise. */
  override stop(): void {
    void this.shutDown();
  }

  /** Whether a restart would help. */
  get live(): Checks {
    return this.manager.live;
  }

  /** Whether the caches are filled. */
  get ready(): Checks {
    return this.manager.ready;
  }

  /** Declares a cache of a kind; only in `init`. */
  protected cache<T>(options: CacheOptions<T>): Informer<T> {
    return this.manager.cache(options);
  }

  /**
   * Watches a kind: `onEvent` gets one event of an object at a time, and the same again, with backoff, if it rejects.
   * Of several events of an object that come meanwhile only the last is delivered. For large kinds prefer `cache`.
   */
  protected override watchResource(
    ...[group, version, plural, onEvent, namespace]: WatchArguments
  ): Promise<void> {
    const resource = { group, version, plural, kind: "", namespaced: true };
    const id = `${plural}.${apiVersionOf(resource)}`;
    this.#watched.set(id, resource);
    const onError = (key: string, error: unknown, retryInMs: number): void =>
      this.#options.log.warn(
        { key, resource: plural, err: error, retryInMs },
        "handling an event failed, will retry",
      );
    const feed = new CoalescingQueue<ResourceEvent>({ ...this.#options, name: id, onEvent, onError });
    this.manager.drainOnStop(feed);
    this.cache({
      resource,
      namespaces: namespace === undefined ? this.#options.namespaces : [namespace],
      transform: (object) => object,
      onChange: (change) => {
        const { namespace: place, name } = change.object.metadata;
        feed.push(objectKey(place, name), eventOf(plural, change));
      },
    });
    return Promise.resolve();
  }

  /** Replaces the status. Rejects if the server refuses; a `meta` that is out of date is a conflict. */
  protected override async setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const { apiVersion, kind, namespace, name, resourceVersion } = meta;
    const object = { apiVersion, kind, metadata: { namespace, name, resourceVersion }, status };
    const stored = await this.manager.client.replace(this.#typeOf(meta), object, {
      subresource: "status",
    });
    return ResourceMetaImpl.createWithId(meta.id, resourceOf(stored));
  }

  /** Merges into the status (RFC 7386). Rejects if the server refuses; a `meta` that is out of date is a conflict. */
  protected override async patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const body = { metadata: { resourceVersion: meta.resourceVersion }, status };
    const options = { type: "merge", body, subresource: "status" } as const;
    const stored = await this.manager.client.patch(this.#typeOf(meta), meta, options);
    return ResourceMetaImpl.createWithId(meta.id, resourceOf(stored));
  }

  /** Sets the finalizers. Rejects if the server refuses; a `meta` that is out of date is a conflict. */
  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const body = { metadata: { resourceVersion: meta.resourceVersion, finalizers } };
    await this.manager.client.patch(this.#typeOf(meta), meta, { type: "merge", body });
  }

  /** The URL of a custom resource's collection. */
  protected override getCustomResourceApiUri(...[group, version, plural, namespace]: UriArguments): string {
    const resource = { group, version, plural, kind: "", namespaced: true };
    return `${this.manager.client.server}${collectionPath(resource, namespace)}`;
  }

  /** Applies a CustomResourceDefinition from a YAML file: creates it, or brings it up to date. */
  protected override async registerCustomResourceDefinition(crdFile: string) {
    const manifest = parseManifest(await readFile(crdFile, "utf8"));
    if (!manifest.apiVersion.startsWith("apiextensions.k8s.io/")) {
      throw new Error(`${crdFile} is no CustomResourceDefinition`);
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
