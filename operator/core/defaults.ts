import { compareQuantities } from "../api/quantity.ts";
import { type DemoAppSpec, demoAppSpec } from "../api/schema.ts";

/** What the rest of a spec is when only the image is given. */
const bare = demoAppSpec.parse({ image: "none" });
const { startup } = demoAppSpec.parse({ image: "none", probes: { startup: {} } }).probes;
const defaultPath = "/health";

/**
 * What affects pods, as it is when nothing is asked for. Some of it the CRD doesn't store (a stored default
 * would fight the rules between fields): the core fills that in, and the fields' descriptions name it.
 * Defaults never change within v1.
 */
export const podDefaults = {
  port: bare.port,
  probes: {
    liveness: { ...bare.probes.liveness, path: defaultPath },
    readiness: { ...bare.probes.readiness, path: defaultPath },
    startup: { ...startup, path: defaultPath },
  },
  resources: {
    requests: { cpu: "100m", memory: "128Mi" },
    limits: { cpu: "250m", memory: "256Mi" },
  },
  env: [],
  envFrom: [],
  pod: {},
} as const;

/** How many pods more and how many less a rolling update may have for a while, as in a Deployment. */
interface Pace {
  readonly maxSurge: string | number;
  readonly maxUnavailable: string | number;
}

/** The pace of a rolling update: a quarter more pods for a while, and never one less. */
export const rollingUpdateOf = ({ strategy }: DemoAppSpec): Pace => ({
  maxSurge: strategy.rollingUpdate?.maxSurge ?? "25%",
  maxUnavailable: strategy.rollingUpdate?.maxUnavailable ?? 0,
});

type Quantities = Readonly<Record<string, string>>;
export interface Resources {
  readonly requests: Quantities;
  readonly limits: Quantities;
}

const larger = (a: string | undefined, b: string): string =>
  a !== undefined && compareQuantities(a, b) > 0 ? a : b;
const smaller = (a: string | undefined, b: string): string =>
  a !== undefined && compareQuantities(a, b) < 0 ? a : b;

/**
 * Requests and limits with what is missing filled in, key by key: a missing limit is the larger of default
 * and request, a missing request the smaller of default and limit. So a request above the default limit
 * raises the limit instead of being refused.
 */
export function completeResources(given: DemoAppSpec["resources"]): Resources {
  const requests: Quantities = given?.requests ?? {};
  const limits: Quantities = given?.limits ?? {};
  const { requests: lower, limits: upper } = podDefaults.resources;
  return {
    requests: {
      cpu: requests["cpu"] ?? smaller(limits["cpu"], lower.cpu),
      memory: requests["memory"] ?? smaller(limits["memory"], lower.memory),
      ...requests,
    },
    limits: {
      cpu: limits["cpu"] ?? larger(requests["cpu"], upper.cpu),
      memory: limits["memory"] ?? larger(requests["memory"], upper.memory),
      ...limits,
    },
  };
}

/**
 * How many of `replicas` a Kubernetes "number or percentage" means; percentages of maxSurge round up and
 * those of maxUnavailable down. Source: k8s.io/apimachinery/pkg/util/intstr.
 */
export function countOf(value: string | number, replicas: number, round: "up" | "down"): number {
  if (typeof value === "number") return value;
  const share = (Number.parseInt(value, 10) * replicas) / 100;
  return round === "up" ? Math.ceil(share) : Math.floor(share);
}

/**
 * The fewest pods that may be available while a rollout runs: replicas less maxUnavailable. Where both
 * maxSurge and maxUnavailable come to nothing the Deployment controller takes one pod away, or it could
 * never move. Source: k8s.io/kubernetes/pkg/controller/deployment/util, ResolveFenceposts.
 */
export function floorOf(replicas: number, { maxSurge, maxUnavailable }: Pace): number {
  const surge = countOf(maxSurge, replicas, "up");
  const unavailable = countOf(maxUnavailable, replicas, "down");
  return replicas - Math.min(replicas, surge === 0 && unavailable === 0 ? 1 : unavailable);
}
