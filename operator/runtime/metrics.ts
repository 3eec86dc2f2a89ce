import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { RequestInfo } from "./transport.ts";

/** What a workqueue tells; the names and buckets are those of client-go, so that existing dashboards fit. */
const queueMetrics = (registry: Registry) => {
  const registers = [registry];
  const labelNames = ["name"] as const;
  const buckets = [1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300];
  return {
    depth: new Gauge({ name: "workqueue_depth", help: "Keys that wait", labelNames, registers }),
    adds: new Counter({ name: "workqueue_adds_total", help: "Keys added", labelNames, registers }),
    retries: new Counter({
      name: "workqueue_retries_total",
      help: "Retries after a failure",
      labelNames,
      registers,
    }),
    queueSeconds: new Histogram({
      name: "workqueue_queue_duration_seconds",
      help: "How long a key waited",
      labelNames,
      buckets,
      registers,
    }),
    workSeconds: new Histogram({
      name: "workqueue_work_duration_seconds",
      help: "How long processing a key took",
      labelNames,
      buckets,
      registers,
    }),
    unfinishedSeconds: new Gauge({
      name: "workqueue_unfinished_work_seconds",
      help: "Sum of the time that keys in progress have taken so far",
      labelNames,
      registers,
    }),
    longestRunningSeconds: new Gauge({
      name: "workqueue_longest_running_processor_seconds",
      help: "How long the longest running worker has been at its key",
      labelNames,
      registers,
    }),
    activeWorkers: new Gauge({
      name: "controller_runtime_active_workers",
      help: "Workers that process a key now",
      labelNames: ["controller"] as const,
      registers,
    }),
  };
};

/** The names that controller-runtime gives them. */
const reconcileMetrics = (registry: Registry) => {
  const registers = [registry];
  return {
    total: new Counter({
      name: "controller_runtime_reconcile_total",
      help: "Reconciliations by result: success, requeue_after, error",
      labelNames: ["controller", "result"] as const,
      registers,
    }),
    errors: new Counter({
      name: "controller_runtime_reconcile_errors_total",
      help: "Reconciliations that failed",
      labelNames: ["controller"] as const,
      registers,
    }),
    seconds: new Histogram({
      name: "controller_runtime_reconcile_time_seconds",
      help: "How long a reconciliation took",
      labelNames: ["controller"] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
  };
};

const requestMetrics = (registry: Registry) => {
  const registers = [registry];
  return {
    total: new Counter({
      name: "rest_client_requests_total",
      help: "API requests by status code (0: no answer), method and resource",
      labelNames: ["code", "method", "resource"] as const,
      registers,
    }),
    seconds: new Histogram({
      name: "rest_client_request_duration_seconds",
      help: "Time to the answer's headers",
      labelNames: ["verb"] as const,
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30],
      registers,
    }),
  };
};

const cacheMetrics = (registry: Registry) => {
  const registers = [registry];
  const labelNames = ["resource"] as const;
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers });
  return {
    watchRestarts: counter("operator_watch_restarts_total", "Watches opened again after one ended or broke"),
    relists: counter(
      "operator_relists_total",
      "Lists after the first, because the watch could not be resumed",
    ),
    missedDeletes: counter(
      "operator_missed_deletes_total",
      "Deletions found by a list, not told by the watch",
    ),
    faults: counter("operator_cache_errors_total", "Objects that a cache or its listener could not take"),
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
      help: "1 while this process leads",
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

/** The runtime's metrics; an application adds its own to `registry`. */
export interface Metrics {
  readonly registry: Registry;
  readonly queue: ReturnType<typeof queueMetrics>;
  readonly reconcile: ReturnType<typeof reconcileMetrics>;
  readonly cache: ReturnType<typeof cacheMetrics>;
  readonly leader: ReturnType<typeof otherMetrics>["leader"];
  readonly eventsDropped: ReturnType<typeof otherMetrics>["eventsDropped"];
  /** Registers what is to be measured at the moment of a scrape, which costs nothing in between. */
  readonly onScrape: (measure: () => void) => void;
  /** The exposition text. */
  readonly scrape: () => Promise<string>;
  /** For the client's `onRequest`. */
  readonly countRequest: (request: RequestInfo) => void;
}

/** A registry of its own per call, so that tests and several operators in one process don't mix. */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  const requests = requestMetrics(registry);
  const measures: (() => void)[] = [];
  return {
    registry,
    queue: queueMetrics(registry),
    reconcile: reconcileMetrics(registry),
    cache: cacheMetrics(registry),
    ...otherMetrics(registry),
    onScrape: (measure) => void measures.push(measure),
    scrape: () => {
      for (const measure of measures) measure();
      return registry.metrics();
    },
    countRequest: ({ method, resource, status, durationMs }) => {
      requests.total.inc({ code: String(status), method, resource });
      requests.seconds.observe({ verb: method }, durationMs / 1000);
    },
  };
};

/** Adds CPU, memory, event loop and garbage collection of this process. Call it once per process. */
export const collectProcessMetrics = (metrics: Metrics): void => {
  collectDefaultMetrics({ register: metrics.registry });
};
