import { compareQuantities } from "../api/quantity.ts";
import { type DemoAppSpec, demoAppSpec } from "../api/schema.ts";
import { once } from "./memo.ts";

/** The spec that zod makes of an image alone. */
const bare = demoAppSpec.parse({ image: "none" });
const { startup } = demoAppSpec.parse({ image: "none", probes: { startup: {} } }).probes;
const defaultPath = "/health";

/**
 * The defaults of all fields that affect pods. The CRD does not store some of them, because a stored default would
 * break rules between fields; core fills these in, and the descriptions of the fields name them. Defaults never
 * change within v1.
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

/**
 * Values of `spec.pod` that give the same pods as no value. `podDefaults` lacks them, because labels of stored revisions
 * distinguish them from no value.
 */
export const impliedPod = {
  labels: {},
  annotations: {},
  nodeSelector: {},
  securityContext: {},
  containerSecurityContext: {},
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 30,
  imagePullSecrets: [],
  tolerations: [],
  volumes: [],
  volumeMounts: [],
  command: [],
  args: [],
  ports: [],
  initContainers: [],
  sidecars: [],
} as const;

/** How many pods a rolling update may have above and below `replicas`, as in a Deployment. */
export interface RollingUpdate {
  readonly maxSurge: string | number;
  readonly maxUnavailable: string | number;
}

/**
 * The limits of the strategy with their defaults: at most a quarter more pods than `replicas`, and never fewer. A canary
 * has no `maxUnavailable`.
 */
export const rollingUpdateOf = once(({ strategy }: DemoAppSpec): RollingUpdate => ({
  maxSurge: (strategy.canary ?? strategy.rollingUpdate)?.maxSurge ?? "25%",
  maxUnavailable: strategy.rollingUpdate?.maxUnavailable ?? 0,
}));

type Canary = NonNullable<DemoAppSpec["strategy"]["canary"]>;

/** The default of `spec.strategy.canary.steps`. */
const defaultSteps: NonNullable<Canary["steps"]> = [
  { setWeight: 10 },
  { pause: { seconds: 60 } },
  { setWeight: 50 },
  { pause: { seconds: 60 } },
];

/** `spec.strategy.canary` with the defaults of the fields that decide the way of a new version. */
export const canaryOf = once(({ strategy: { canary } }: DemoAppSpec) => ({
  steps: canary?.steps ?? defaultSteps,
  fastRollback: canary?.fastRollback ?? true,
}));

/** `spec.strategy.blueGreen` with its defaults. */
export const blueGreenOf = once(({ strategy: { blueGreen } }: DemoAppSpec) => ({
  autoPromote: blueGreen?.autoPromote ?? true,
  previewReplicas: blueGreen?.previewReplicas ?? 1,
  holdSeconds: blueGreen?.holdSeconds ?? 30,
}));

/** The limits of one metric: shares from 0 to 1. */
export interface MetricLimits {
  readonly max: number;
  readonly maxRatioToStable: number;
}

type Metric = {
  readonly max?: number | string | undefined;
  readonly maxRatioToStable?: number | string | undefined;
};

const limitsOf = ({ max = "1%", maxRatioToStable = 2 }: Metric): MetricLimits => ({
  // Divided as a decimal: 0.1 % must not become 0.0010000000000000002.
  max: Number(`${Number.parseFloat(String(max))}e-2`),
  maxRatioToStable: Number(maxRatioToStable),
});

/**
 * The routes that only probes and the operator request. The path / is left out: it has requests of users, and some pods are
 * probed there.
 */
function ownRoutesOf({ probes, analysis }: DemoAppSpec): readonly string[] {
  const paths = [probes.liveness, probes.readiness, probes.startup].flatMap((probe) => probe?.path ?? []);
  const routes = [...paths, analysis?.endpoint?.path ?? "/metrics"].map((path) => path.replace(/\?.*/, ""));
  return [...new Set([defaultPath, "/ready", "/metrics", ...routes])].filter((route) => route !== "/");
}

/** `spec.analysis` with its defaults; undefined if readiness and restarts alone decide. */
export const analysisOf = once((spec: DemoAppSpec) => {
  const { analysis, port, pod } = spec;
  if (analysis === undefined) return undefined;
  const { errors = {}, latency, endpoint = {}, undecidedSeconds = 1800 } = analysis;
  const named = (pod?.ports ?? []).find(({ name }) => name === endpoint.port);
  return {
    metrics: {
      errors: limitsOf(errors),
      ...(latency && {
        latency: { ...limitsOf(latency), aboveSeconds: Number(`${latency.aboveMilliseconds}e-3`) },
      }),
    },
    endpoint: {
      port: named?.containerPort ?? port,
      path: endpoint.path ?? "/metrics",
    },
    counters: {
      requests: endpoint.requests ?? "http_requests_total",
      codeLabel: endpoint.codeLabel ?? "code",
      errorCodes: endpoint.errorCodes ?? "5..",
      duration: endpoint.duration ?? "http_request_duration_seconds",
      ignore: endpoint.ignore ?? [{ label: "route", values: ownRoutesOf(spec) }],
    },
    undecidedSeconds,
  };
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
 * Fills in missing requests and limits, key by key. A missing limit is the larger of default and request; a missing
 * request is the smaller of default and limit. So a request above the default limit raises the limit, and the API
 * server does not refuse it.
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
 * The number of pods that an int-or-percent value means. Percentages of maxSurge round up, those of maxUnavailable
 * round down. Source: k8s.io/apimachinery/pkg/util/intstr.
 */
export function countOf(value: string | number, replicas: number, round: "up" | "down"): number {
  if (typeof value === "number") return value;
  const share = (Number.parseInt(value, 10) * replicas) / 100;
  return round === "up" ? Math.ceil(share) : Math.floor(share);
}

/**
 * The fewest pods that may be available during a rollout: replicas minus maxUnavailable. If both maxSurge and
 * maxUnavailable round to 0, the Deployment controller uses a maxUnavailable of 1, or the rollout could never
 * start. Source: k8s.io/kubernetes/pkg/controller/deployment/util, ResolveFenceposts.
 */
export function floorOf(replicas: number, { maxSurge, maxUnavailable }: RollingUpdate): number {
  const surge = countOf(maxSurge, replicas, "up");
  const unavailable = countOf(maxUnavailable, replicas, "down");
  return replicas - Math.min(replicas, surge === 0 && unavailable === 0 ? 1 : unavailable);
}

/** How many pods the Deployment that serves may add while it restarts its pods. */
export const surgeOf = (spec: DemoAppSpec): number =>
  countOf(rollingUpdateOf(spec).maxSurge, spec.replicas, "up");

/** The most pods that both tracks together may have: the budget of a rollout. */
export const mostOf = (spec: DemoAppSpec): number =>
  spec.replicas + (spec.strategy.type === "BlueGreen" ? spec.replicas : surgeOf(spec));
