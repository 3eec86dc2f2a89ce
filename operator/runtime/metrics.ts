import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { RequestInfo } from "./transport.ts";

/** Metrics of a work queue, with client-go's names and buckets, so that existing dashboards work. */
const queueMetrics = (registry: Registry) => {
  const registers = [registry];
  const labelNames = ["name"] as const;
  const buckets = [1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300];
  return {
    depth: new Gauge({ name: "workqueue_depth", help: "Keys waiting in the queue", labelNames, registers }),
    adds: new Counter({
      name: "workqueue_adds_total",
      help: "Keys added to the queue",
      labelNames,
      registers,
    }),
    retries: new Counter({
      name: "workqueue_retries_total",
      help: "Retries after a failure",
      labelNames,
      registers,
    }),
    queueSeconds: new Histogram({
      name: "workqueue_queue_duration_seconds",
      help: "Time that a key waited in the queue",
      labelNames,
      buckets,
      registers,
    }),
    workSeconds: new Histogram({
      name: "workqueue_work_duration_seconds",
      help: "Time that processing a key took",
      labelNames,
      buckets,
      registers,
    }),
    unfinishedSeconds: new Gauge({
      name: "workqueue_unfinished_work_seconds",
      help: "Total time that the keys in progress have taken so far",
      labelNames,
      registers,
    }),
    longestRunningSeconds: new Gauge({
      name: "workqueue_longest_running_processor_seconds",
      help: "Time that the longest running worker has spent on its key so far",
      labelNames,
      registers,
    }),
    activeWorkers: new Gauge({
      name: "controller_runtime_active_workers",
      help: "Workers currently processing a key",
      labelNames: ["controller"] as const,
      registers,
    }),
  };
};

/** Metrics of reconciles, with controller-runtime's names. */
const reconcileMetrics = (registry: Registry) => {
  const registers = [registry];
  const labelNames = ["controller"] as const;
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers });
  return {
    total: new Counter({
      name: "controller_runtime_reconcile_total",
      help: "Reconciles by result: success, requeue_after, error",
      labelNames: ["controller", "result"] as const,
      registers,
    }),
    errors: counter("controller_runtime_reconcile_errors_total", "Failed reconciles"),
    terminalErrors: counter(
      "controller_runtime_terminal_reconcile_errors_total",
      "Failed reconciles without a retry; always 0, because every failed reconcile is retried",
    ),
    panics: counter(
      "controller_runtime_reconcile_panics_total",
      "Failed reconciles whose error is a defect of the program, not an error of the API server or the connection",
    ),
    maxConcurrent: new Gauge({
      name: "controller_runtime_max_concurrent_reconciles",
      help: "Maximum number of keys reconciled at the same time",
      labelNames,
      registers,
    }),
    seconds: new Histogram({
      name: "controller_runtime_reconcile_time_seconds",
      help: "Duration of a reconcile",
      labelNames,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
  };
};

/** Sets the series of a controller to 0, as controller-runtime does: an alert can't see the first increase otherwise. */
const declareController = (
  { total, errors, terminalErrors, panics, maxConcurrent }: ReturnType<typeof reconcileMetrics>,
  controller: string,
  concurrency: number,
): void => {
  for (const result of ["success", "requeue_after", "error"]) total.inc({ controller, result }, 0);
  for (const counter of [errors, terminalErrors, panics]) counter.inc({ controller }, 0);
  maxConcurrent.set({ controller }, concurrency);
};

/** Metrics of API requests, with client-go's names and labels; `resource` is an additional label. */
const requestMetrics = (registry: Registry) => {
  const registers = [registry];
  return {
    total: new Counter({
      name: "rest_client_requests_total",
      help: "API requests by status code (<error>: no response), method, host and resource",
      labelNames: ["code", "method", "host", "resource"] as const,
      registers,
    }),
    seconds: new Histogram({
      name: "rest_client_request_duration_seconds",
      help: "Time from sending a request to receiving the response headers",
      labelNames: ["verb", "host"] as const,
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
      registers,
    }),
  };
};

const cacheMetrics = (registry: Registry) => {
  const registers = [registry];
  const labelNames = ["resource"] as const;
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers });
  return {
    watchRestarts: counter(
      "operator_watch_restarts_total",
      "Watches restarted after the previous one ended or broke",
    ),
    relists: counter(
      "operator_relists_total",
      "Lists after the first one, because the watch could not be resumed",
    ),
    missedDeletes: counter(
      "operator_missed_deletes_total",
      "Deletions found by a list, without a watch event",
    ),
    errors: counter("operator_cache_errors_total", "Objects that a cache or its listener failed to process"),
    objects: new Gauge({
      name: "operator_cache_objects",
      help: "Objects in the cache",
      labelNames,
      registers,
    }),
  };
};

const otherMetrics = (registry: Registry) => {
  const registers = [registry];
  return {
    leader: new Gauge({
      name: "leader_election_master_status",
      help: "1 while this process is the leader",
      labelNames: ["name"] as const,
      registers,
    }),
    eventsDropped: new Counter({
      name: "operator_events_dropped_total",
      help: "Kubernetes events not written, by cause: rate, full, error",
      labelNames: ["cause"] as const,
      registers,
    }),
  };
};

/** The runtime's metrics. Controllers add metrics of their own to `registry`. */
export interface Metrics {
  readonly registry: Registry;
  readonly queue: ReturnType<typeof queueMetrics>;
  readonly reconcile: ReturnType<typeof reconcileMetrics>;
  /** Exports the series of a controller before its first reconcile. */
  readonly declareController: (name: string, concurrency: number) => void;
  readonly cache: ReturnType<typeof cacheMetrics>;
  readonly leader: ReturnType<typeof otherMetrics>["leader"];
  readonly eventsDropped: ReturnType<typeof otherMetrics>["eventsDropped"];
  /** Registers a callback that sets gauges on each scrape, so that gauges cost nothing between scrapes. */
  readonly onScrape: (update: () => void) => void;
  /** Returns all metrics in Prometheus's text format. */
  readonly scrape: () => Promise<string>;
  /** Counts an API request; pass it as the client's `onRequest`. */
  readonly countRequest: (request: Omit<RequestInfo, "path" | "warnings">) => void;
}

/** Creates metrics with a separate registry, so that several operators (or tests) in one process don't share series. */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  const requests = requestMetrics(registry);
  const reconcile = reconcileMetrics(registry);
  const updates: (() => void)[] = [];
  return {
    registry,
    queue: queueMetrics(registry),
    reconcile,
    declareController: (name, concurrency) => declareController(reconcile, name, concurrency),
    cache: cacheMetrics(registry),
    ...otherMetrics(registry),
    onScrape: (update) => void updates.push(update),
    scrape: () => {
      for (const update of updates) update();
      return registry.metrics();
    },
    countRequest: ({ method, host, resource, status, durationMs }) => {
      requests.total.inc({ code: status === 0 ? "<error>" : String(status), method, host, resource });
      requests.seconds.observe({ verb: method, host }, durationMs / 1000);
    },
  };
};

/** Adds this process's CPU, memory, event loop and garbage collection metrics. Call it once per process. */
export const collectProcessMetrics = (metrics: Metrics): void => {
  collectDefaultMetrics({ register: metrics.registry });
};
