import { labels, managedBy } from "../api/names.ts";
import type { KubeObject, ResourceType } from "../runtime/kubernetes.ts";
import type { ManagerOptions } from "../runtime/manager.ts";
import type { Change } from "../runtime/storeupdater.ts";
import { Operator } from "../runtime/operator.ts";
import type { Informer } from "../runtime/informer.ts";
import type { ReconcileResult } from "../runtime/workqueue.ts";
import { NoOpApplies } from "./act.ts";
import { AppMetrics } from "./metrics.ts";
import { type Caches, byApp } from "./observe.ts";
import { reconcile } from "./reconcile.ts";
import { Reporter } from "./report.ts";
import { resources } from "./resources.ts";
import { appOf, manifestOf, podOf, revisionObjectOf, scalerOf } from "./transform.ts";
import { Warnings } from "./warnings.ts";
import { isNewWish, isRolledOut, soonMs } from "./urgency.ts";

/** Children of ours; everything else of their kinds never reaches the caches. */
const labelSelector = `${labels.managedBy}=${managedBy}`;

interface Child {
  readonly metadata: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
}

/** The app that a child belongs to, as `namespace/name`. */
const appOfChild = ({ metadata }: Child): string => `${metadata.namespace}/${metadata.labels?.[labels.name]}`;

/** The controller of DemoApps: which objects it watches, and whose key a change of each adds to the queue. */
export class DemoAppController extends Operator {
  readonly #options: ManagerOptions;
  readonly #metrics: AppMetrics;
  readonly #reporter: Reporter;
  readonly #warnings: Warnings;
  readonly #noOpApplies = new NoOpApplies();
  #caches: Caches | undefined;

  constructor(options: ManagerOptions) {
    super(options);
    this.#options = options;
    this.#metrics = new AppMetrics(options.metrics, () => this.manager.isLeader());
    const learn = (object: KubeObject): void => this.#caches?.apps.learn(object);
    const { clock, log } = options;
    const { client } = this.manager;
    this.#reporter = new Reporter({ client, clock, learn });
    this.#warnings = new Warnings({ client, clock, log });
  }

  protected override init(): Promise<void> {
    this.#caches = {
      apps: this.#cacheOf(resources.DemoApp, {
        transform: appOf,
        key: ({ namespace, name }) => `${namespace}/${name}`,
        isUrgent: isNewWish,
      }),
      deployments: this.#cacheOf(resources.Deployment, {
        transform: manifestOf,
        key: appOfChild,
        labelSelector,
        isUrgent: isRolledOut,
      }),
      services: this.#cacheOf(resources.Service, { transform: manifestOf, key: appOfChild, labelSelector }),
      revisions: this.#cacheOf(resources.ControllerRevision, {
        transform: revisionObjectOf,
        key: appOfChild,
        labelSelector,
      }),
      pods: this.#cacheOf(resources.Pod, {
        transform: podOf,
        key: ({ namespace, app }) => `${namespace}/${app}`,
        labelSelector,
        isRelevant: ({ app }) => app !== undefined,
      }),
      scalers: this.#cacheOf(resources.HorizontalPodAutoscaler, {
        transform: scalerOf,
        key: ({ namespace, targetName }) => `${namespace}/${targetName}`,
        isRelevant: ({ targetKind }) => targetKind === "Deployment",
      }),
    };
    return Promise.resolve();
  }

  protected override reconcile(key: string): Promise<ReconcileResult> {
    const caches = this.#caches;
    if (caches === undefined) throw new Error("reconcile was called before init");
    return reconcile(key, {
      caches,
      client: this.manager.client,
      clock: this.#options.clock,
      learn: (object) => learnInto(caches, object),
      noOpApplies: this.#noOpApplies,
      reporter: this.#reporter,
      warnings: this.#warnings,
      recorder: this.manager.events,
      metrics: this.#metrics,
      log: this.#options.log,
    });
  }

  /** A cache whose changes add the key of the app concerned, the former one's too if it was another's before. */
  #cacheOf<T>(resource: ResourceType, of: CacheOf<T>): Informer<T> {
    const { transform, key, labelSelector: selector, isRelevant = () => true, isUrgent = () => false } = of;
    const keys = (object: T): readonly string[] => (isRelevant(object) ? [key(object)] : []);
    return this.cache<T>({
      resource,
      labelSelector: selector,
      transform,
      indexers: { [byApp]: keys },
      onChange: (change) => {
        const { object, previous } = change;
        const delayMs = isUrgent(change) ? 0 : soonMs;
        for (const app of new Set([...keys(object), ...(previous ? keys(previous) : [])]))
          this.manager.queue.addAfter(app, delayMs);
      },
    });
  }
}

interface CacheOf<T> {
  readonly transform: (object: KubeObject, previous?: T) => T;
  readonly key: (object: T) => string;
  readonly labelSelector?: string;
  readonly isRelevant?: (object: T) => boolean;
  /** True for a change that is acted on at once; others wait a little for more to come. */
  readonly isUrgent?: (change: Change<T>) => boolean;
}

/** Puts the answer to a write where the next observation reads it. */
function learnInto(caches: Caches, object: KubeObject): void {
  const learners: Readonly<Record<string, Pick<Informer<unknown>, "learn">>> = {
    DemoApp: caches.apps,
    Deployment: caches.deployments,
    Service: caches.services,
    ControllerRevision: caches.revisions,
  };
  learners[object.kind]?.learn(object);
}
