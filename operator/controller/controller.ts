import { labels, managedBy } from "../api/names.ts";
import type { KubeObject } from "../runtime/kubernetes.ts";
import { forbiddenWith, scrape } from "../runtime/scrape.ts";
import { NoOpApplies } from "../runtime/noopapplies.ts";
import { Operator, type OperatorOptions } from "../runtime/operator.ts";
import type { ReconcileResult } from "../runtime/workqueue.ts";
import { AppMetrics } from "./metrics.ts";
import { Measurer, type MeasurerOptions } from "./measure.ts";
import { type Caches, podsOf } from "./observe.ts";
import { reconcile } from "./reconcile.ts";
import { Repairs } from "./repairs.ts";
import { type Reporter, createReporter, isEcho } from "./report.ts";
import { resources } from "./resources.ts";
import { childOf, revisionObjectOf } from "./children.ts";
import { Templates } from "./templates.ts";
import { appOf, podOf, scalerOf } from "./transform.ts";
import { Warnings } from "./warnings.ts";
import { batchDelayMs, isUrgentAppChange, isUrgentDeploymentChange } from "./urgency.ts";

/** Selects the operator's own objects. The caches omit all other Deployments, Services, ControllerRevisions and pods. */
const labelSelector = `${labels.managedBy}=${managedBy}`;

/** Objects per page of kinds of which tenants can make objects of more than 1 MiB. */
const largePageSize = 20;

interface Child {
  readonly metadata: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
}

/** The `namespace/name` of a child's app. */
const appKeyOf = ({ metadata }: Child): string => `${metadata.namespace}/${metadata.labels?.[labels.name]}`;

/** How many apps are measured at the same time. No namespace has more than a quarter of them while others wait. */
const measureConcurrency = 8;

/** The options of an operator; a test gives its own way to read counters. */
type ControllerOptions = OperatorOptions & { readonly scrape?: MeasurerOptions["scrape"] };

/** The controller of DemoApps: declares the watched kinds, and maps each watch event to the key of an app. */
export class DemoAppController extends Operator {
  readonly #metrics: AppMetrics;
  readonly #reporter: Reporter;
  readonly #warnings: Warnings;
  readonly #noOpApplies = new NoOpApplies();
  readonly #repairs: Repairs;
  readonly #templates = new Templates();
  readonly #updateCache = (object: KubeObject): void => {
    this.#templates.add(object);
    this.manager.updateCaches(object);
  };
  readonly #measurer: Measurer;
  #caches: Caches | undefined;

  constructor(options: ControllerOptions) {
    super(options);
    const { client, clock, log, metrics } = this.manager;
    this.#metrics = new AppMetrics(metrics, () => this.manager.isLeader());
    this.#reporter = createReporter({ client, clock, updateCache: this.#updateCache });
    this.#repairs = new Repairs(clock);
    this.#warnings = new Warnings({ client, clock, log });
    const looks = this.manager.controller({
      name: `${options.name}-measure`,
      concurrency: measureConcurrency,
      reconcile: (key) => this.#measurer.look(key),
    });
    this.#measurer = new Measurer({
      clock,
      scrape: options.scrape ?? scrape,
      isForbidden: forbiddenWith(client.server),
      podsOf: (key) => (this.#caches === undefined ? [] : podsOf(this.#caches, key)),
      queue: looks.queue,
      wake: (key) => this.controller.queue.add(key),
    });
  }

  protected override init(): Promise<void> {
    const { controller } = this;
    const ownKey = (object: Child): readonly string[] => [appKeyOf(object)];
    const delayMs = (): number => batchDelayMs;
    this.#caches = {
      apps: controller.cache({
        resource: resources.DemoApp,
        pageSize: largePageSize,
        transform: appOf,
        keys: ({ namespace, name }) => [`${namespace}/${name}`],
        delayMs: (change) => {
          if (isEcho(this.#reporter, change)) return undefined;
          return isUrgentAppChange(change) ? 0 : batchDelayMs;
        },
      }),
      deployments: controller.cache({
        resource: resources.Deployment,
        pageSize: largePageSize,
        transform: childOf,
        labelSelector,
        keys: ownKey,
        delayMs: (change) => (isUrgentDeploymentChange(change) ? 0 : batchDelayMs),
      }),
      services: controller.cache({
        resource: resources.Service,
        pageSize: largePageSize,
        transform: childOf,
        labelSelector,
        keys: ownKey,
        delayMs,
      }),
      revisions: controller.cache({
        resource: resources.ControllerRevision,
        pageSize: largePageSize,
        transform: revisionObjectOf,
        labelSelector,
        keys: ownKey,
        delayMs,
      }),
      pods: controller.cache({
        resource: resources.Pod,
        transform: podOf,
        labelSelector,
        keys: ({ namespace, app }) => (app === undefined ? [] : [`${namespace}/${app}`]),
        delayMs,
      }),
      scalers: controller.cache({
        resource: resources.HorizontalPodAutoscaler,
        transform: scalerOf,
        keys: ({ namespace, deployment }) => (deployment === undefined ? [] : [`${namespace}/${deployment}`]),
        delayMs,
      }),
    };
    return Promise.resolve();
  }

  protected override reconcile(key: string, failures: number): Promise<ReconcileResult> {
    const caches = this.#caches;
    if (caches === undefined) throw new Error("reconcile was called before init");
    const { client, clock, log, events: recorder } = this.manager;
    return reconcile(
      { key, failures },
      {
        caches,
        client,
        clock,
        updateCache: this.#updateCache,
        noOpApplies: this.#noOpApplies,
        repairs: this.#repairs,
        reporter: this.#reporter,
        warnings: this.#warnings,
        templates: this.#templates,
        measurer: this.#measurer,
        watchedSinceMs: this.manager.worksSinceMs,
        recorder,
        metrics: this.#metrics,
        log,
      },
    );
  }
}
