import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";
import { fieldsOf } from "../../../sim/apiserver/json.ts";
import { availableAtMs, isActive } from "../../../sim/controllers/workload.ts";
import type { Simulation } from "./simulation.ts";

/** The pods that count, at one moment. */
export interface Counted {
  /** Pods that are not terminating, of both tracks. */
  readonly pods: number;
  /** Available pods of both tracks. */
  readonly available: number;
  /** Available pods that the Service selects; the available pods without a Service. */
  readonly serving: number;
}

/** Counts the pods of a simulation as they are now. */
export function count({ app, cluster, pods, nowMs }: Simulation): Counted {
  const minReadySeconds = app.spec?.minReadySeconds ?? 0;
  const active = pods.filter(isActive);
  const available = active.filter((pod) => availableAtMs(pod, minReadySeconds) <= nowMs);
  const service = cluster.get("Service", app.name);
  const selector = Object.entries(fieldsOf(fieldsOf(service?.["spec"])["selector"]));
  const isServing = ({ metadata: { labels = {} } }: KubeObject): boolean =>
    selector.every(([key, value]) => labels[key] === value);
  return {
    pods: active.length,
    available: available.length,
    serving: available.filter(isServing).length,
  };
}
