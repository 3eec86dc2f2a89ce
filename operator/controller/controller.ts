import { labels, managedBy } from "../api/names.ts";
import type { KubeObject, ResourceType } from "../runtime/kubernetes.ts";
import type { ManagerOptions } from "../runtime/manager.ts";
import type { Change } from "../runtime/storeupdater.ts";
import { Operator } from "../runtime/operator.ts";
import type { Informer } from "../runtime/informer.ts";
import { NoOpApplies } from "../runtime/noopapplies.ts";
import { RepeatLimit } from "../runtime/repeatlimit.ts";
import type { ReconcileResult } from "../runtime/workqueue.ts";
import { AppMetrics } from "./metrics.ts";
import { type Caches, byApp } from "./observe.ts";
import { reconcile } from "./reconcile.ts";
import { Reporter } from "./report.ts";
import { resources } from "./resources.ts";
import { appOf, manifestOf, podOf, revisionObjectOf, scalerOf } from "./transform.ts";
import { Warnings } from "./warnings.ts";
import { batchDelayMs, isUrgentAppChange, isUrgentDeploymentChange } from "./urgency.ts";

/** Selects the operator's own objects. The caches omit all other Deployments, Services, ControllerRevisions and pods. */
const labelSelector = `${labels.managedBy}=${managedBy}`;

interface Child {
  readonly metadata: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
}

/** The `namespace/name` of a child's app. */
const appKeyOf = ({ metadata }: Child): string => `${metadata.namespace}/${metadata.labels?.[labels.name]}`;

/** The controller of DemoApps: declares the watched kinds, and maps each watch event to the key of an app. */
export class DemoAppController extends Operator {
  readonly #options: ManagerOptions;
  readonly #metrics: AppMetrics;
  readonly #reporter: Reporter;
  readonly #warnings: Warnings;
  readonly #noOpApplies = new NoOpApplies();
  readonly #repairs: RepeatLimit;
  #caches: Caches | undefined;

  constructor(options: ManagerOptions) {
    super(options);
    this.#options = options;
    this.#metrics = new AppMetrics(options.metrics, () => this.manager.isLeader());
    const updateCache = (object: KubeObject): void => this.#caches?.apps.update(object);
    const { clock, log } = options;
    const { client } = this.manager;
    this.#reporter = new Reporter({ client, clock, updateCache });
    this.#repairs = new RepeatLimit(clock);
    this.#warnings = new Warnings({ client, clock, log });
  }

  protected override init(): Promise<void> {
    this.#caches = {
      apps: this.#declareCache(resources.DemoApp, {
        transform: appOf,
        key: ({ namespace, name }) => `${namespace}/${name}`,
        isUrgent: isUrgentAppChange,
        isEcho: (change) => this.#reporter.isEcho(change),
      }),
      deployments: this.#declareCache(resources.Deployment, {
        transform: manifestOf,
        key: appKeyOf,
        labelSelector,
        isUrgent: isUrgentDeploymentChange,
      }),
      services: this.#declareCache(resources.Service, {
        transform: manifestOf,
        key: appKeyOf,
        labelSelector,
      }),
      revisions: this.#declareCache(resources.ControllerRevision, {
        transform: revisionObjectOf,
        key: appKeyOf,
        labelSelector,
      }),
      pods: this.#declareCache(resources.Pod, {
        transform: podOf,
        key: ({ namespace, app }) => `${namespace}/${app}`,
        labelSelector,
        isRelevant: ({ app }) => app !== undefined,
      }),
      scalers: this.#declareCache(resources.HorizontalPodAutoscaler, {
        transform: scalerOf,
        key: ({ namespace, targetName }) => `${namespace}/${targetName}`,
        isRelevant: ({ targetKind }) => targetKind === "Deployment",
      }),
    };
    return Promise.resolve();
  }

  protected override reconcile(key: string, failures: number): Promise<ReconcileResult> {
    const caches = this.#caches;
    if (caches === undefined) throw new Error("reconcile was called before init");
    return reconcile(
      { key, failures },
      {
        caches,
        client: this.manager.client,
        clock: this.#options.clock,
        updateCache: (object) => updateCaches(caches, object),
        noOpApplies: this.#noOpApplies,
        repairs: this.#repairs,
        reporter: this.#reporter,
        warnings: this.#warnings,
        recorder: this.manager.events,
        metrics: this.#metrics,
        log: this.#options.log,
      },
    );
  }

  /** Declares a cache. Each change queues the key of the object's app, and of its previous app if that differs. */
  #declareCache<T>(resource: ResourceType, options: AppCacheOptions<T>): Informer<T> {
    const { transform, key, isRelevant = () => true, isUrgent = () => false, isEcho = () => false } = options;
    const keys = (object: T): readonly string[] => (isRelevant(object) ? [key(object)] : []);
    return this.cache<T>({
      resource,
      labelSelector: options.labelSelector,
      transform,
      indexers: { [byApp]: keys },
      onChange: (change) => {
        if (isEcho(change)) return;
        const { object, previous } = change;
        const delayMs = isUrgent(change) ? 0 : batchDelayMs;
        for (const app of new Set([...keys(object), ...(previous ? keys(previous) : [])]))
          this.manager.queue.addAfter(app, delayMs, change.isInitial === true ? "resync" : "change");
      },
    });
  }
}

interface AppCacheOptions<T> {
  readonly transform: (object: KubeObject, previous?: T) => T;
  /** The `namespace/name` of the object's app. */
  readonly key: (object: T) => string;
  readonly labelSelector?: string;
  /** False for an object that concerns no app; default: all objects concern one. */
  readonly isRelevant?: (object: T) => boolean;
  /** True for a change that the operator made itself and that says nothing new. */
  readonly isEcho?: (change: Change<T>) => boolean;
  /** True for a change that is reconciled at once. Other changes wait for the batching delay. */
  readonly isUrgent?: (change: Change<T>) => boolean;
}

/** Stores the response to a write in the cache of its kind, so that the next observation includes the write. */
function updateCaches(caches: Caches, object: KubeObject): void {
  const cachesByKind: Readonly<Record<string, Pick<Informer<unknown>, "update">>> = {
    DemoApp: caches.apps,
    Deployment: caches.deployments,
    Service: caches.services,
    ControllerRevision: caches.revisions,
  };
  cachesByKind[object.kind]?.update(object);
}
