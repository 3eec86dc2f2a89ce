import { type Fields, compact, fieldsOf, isFields, itemsOf } from "../json.ts";
import { canonicalQuantity } from "./quantity.ts";

/** Numbers, strings and flags whose zero value Go's types leave out. */
const droppedIfZero: ReadonlySet<string> = new Set(
  [
    "minReadySeconds initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold",
    "hostNetwork hostPID hostIPC readOnly stdin stdinOnce tty subPath hostPort hostIP appProtocol command",
    "image serviceAccountName serviceAccount nodeName hostname subdomain priorityClassName clusterIP",
    "sessionAffinity publishNotReadyAddresses nodePort externalName loadBalancerIP value",
    "observedGeneration readyReplicas updatedReplicas availableReplicas unavailableReplicas terminatingReplicas",
    "fullyLabeledReplicas reason message phase podIP hostIP nominatedNodeName lastProbeTime count type",
    "reportingComponent reportingInstance action exitCode_ signal started_ generateName",
  ].flatMap((names) => names.split(" ")),
);
/** Maps that Go's types leave out when they are empty; an empty struct stays. */
const droppedIfEmpty: ReadonlySet<string> = new Set(
  "labels annotations matchLabels nodeSelector selector requests limits data stringData binaryData".split(
    " ",
  ),
);

const isZero = (value: unknown): boolean => value === 0 || value === "" || value === false;

/** What is left of a value once it has been through Go's types and back. */
export function throughGo(value: unknown, field = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => throughGo(item));
  if (!isFields(value)) return value;
  if (field === "annotations" || field === "labels" || field === "data") return value;
  if (field === "requests" || field === "limits" || field === "hard") return quantities(value);
  const kept = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    if (inner === null || inner === undefined) return [];
    if (Array.isArray(inner) && inner.length === 0) return [];
    if (isZero(inner) && droppedIfZero.has(name)) return [];
    if (isFields(inner) && Object.keys(inner).length === 0 && droppedIfEmpty.has(name)) return [];
    return [[name, throughGo(inner, name)]];
  });
  return Object.fromEntries(kept);
}

const quantities = (values: Fields): Fields =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, canonicalQuantity(String(value))]));

function httpDefaults(handler: Fields): Fields {
  if (isFields(handler["httpGet"]))
    return { ...handler, httpGet: { path: "/", scheme: "HTTP", ...handler["httpGet"] } };
  return isFields(handler["grpc"]) ? { ...handler, grpc: { service: "", ...handler["grpc"] } } : handler;
}

const probe = (value: unknown): Fields | undefined =>
  isFields(value)
    ? {
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
        ...httpDefaults(value),
      }
    : undefined;

const lifecycle = (value: unknown): Fields | undefined =>
  isFields(value)
    ? Object.fromEntries(
        Object.entries(value).map(([hook, handler]) => [hook, httpDefaults(fieldsOf(handler))]),
      )
    : undefined;

function pullPolicy(image: unknown): string {
  const name = String(image);
  if (name.includes("@")) return "IfNotPresent";
  const tag = /:([^/:]+)$/.exec(name)?.[1] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

const env = (entry: Fields): Fields => {
  const source = fieldsOf(entry["valueFrom"]);
  if (!isFields(source["fieldRef"])) return entry;
  return { ...entry, valueFrom: { ...source, fieldRef: { apiVersion: "v1", ...source["fieldRef"] } } };
};

const listOf = (value: unknown, complete: (item: Fields) => Fields): readonly Fields[] | undefined =>
  Array.isArray(value) ? itemsOf(value).map(complete) : undefined;

const container = (value: Fields): Fields =>
  compact({
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: pullPolicy(value["image"]),
    ...value,
    resources: fieldsOf(value["resources"]),
    env: listOf(value["env"], env),
    ports: listOf(value["ports"], (port) => ({ protocol: "TCP", ...port })),
    livenessProbe: probe(value["livenessProbe"]),
    readinessProbe: probe(value["readinessProbe"]),
    startupProbe: probe(value["startupProbe"]),
    lifecycle: lifecycle(value["lifecycle"]),
  });

const withMode = (source: unknown): Fields | undefined =>
  isFields(source) ? { defaultMode: 420, ...source } : undefined;

function volume(value: Fields): Fields {
  const { name, ...source } = value;
  if (Object.keys(source).length === 0) return { name, emptyDir: {} };
  const { secret, configMap, downwardAPI, projected, hostPath } = source;
  return compact({
    ...value,
    secret: withMode(secret),
    configMap: withMode(configMap),
    downwardAPI: withMode(downwardAPI),
    projected: withMode(projected),
    hostPath: isFields(hostPath) ? { type: "", ...hostPath } : undefined,
  });
}

/** The fields that the API server fills in where a pod spec leaves them out. */
const podSpec = (spec: Fields): Fields =>
  compact({
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    ...spec,
    serviceAccountName: spec["serviceAccountName"] ?? spec["serviceAccount"],
    serviceAccount: spec["serviceAccountName"] ?? spec["serviceAccount"],
    containers: listOf(spec["containers"], container),
    initContainers: listOf(spec["initContainers"], container),
    volumes: listOf(spec["volumes"], volume),
  });

const podTemplate = (value: unknown): Fields => {
  const template = fieldsOf(value);
  return { metadata: {}, ...template, spec: podSpec(fieldsOf(template["spec"])) };
};

function strategy(value: unknown): Fields {
  const given = { type: "RollingUpdate", ...fieldsOf(value) } as Fields;
  if (given["type"] !== "RollingUpdate") return given;
  const rollingUpdate = { maxUnavailable: "25%", maxSurge: "25%", ...fieldsOf(given["rollingUpdate"]) };
  return { ...given, rollingUpdate };
}

export const deploymentSpec = (spec: Fields): Fields => ({
  replicas: 1,
  revisionHistoryLimit: 10,
  progressDeadlineSeconds: 600,
  ...spec,
  strategy: strategy(spec["strategy"]),
  template: podTemplate(spec["template"]),
});

export const replicaSetSpec = (spec: Fields): Fields => ({
  replicas: 1,
  ...spec,
  template: podTemplate(spec["template"]),
});

/** A request that is not given is its limit; in a pod, not yet in a template. */
function withRequests(container: Fields): Fields {
  const resources = fieldsOf(container["resources"]);
  if (!isFields(resources["limits"])) return container;
  return {
    ...container,
    resources: { ...resources, requests: { ...resources["limits"], ...fieldsOf(resources["requests"]) } },
  };
}

const toleration = (key: string): Fields => ({
  key: `node.kubernetes.io/${key}`,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: 300,
});

/** The spec of a pod: what templates get, and what only pods get, some of it by admission plugins. */
export function ofPodSpec(given: Fields): Fields {
  const spec = podSpec({
    enableServiceLinks: true,
    ...given,
    serviceAccountName: given["serviceAccountName"] ?? "default",
  });
  const tolerations = itemsOf(spec["tolerations"]);
  const missing = ["not-ready", "unreachable"]
    .map(toleration)
    .filter(({ key }) => !tolerations.some((other) => other["key"] === key));
  return compact({
    ...spec,
    containers: itemsOf(spec["containers"]).map(withRequests),
    initContainers: listOf(spec["initContainers"], withRequests),
    tolerations: [...tolerations, ...missing],
    priority: spec["priority"] ?? 0,
    preemptionPolicy: "PreemptLowerPriority",
  });
}

/** A Service without the addresses, which are allocated and no default. */
export const serviceSpec = (spec: Fields): Fields =>
  compact({
    type: "ClusterIP",
    sessionAffinity: "None",
    internalTrafficPolicy: "Cluster",
    ...spec,
    ports: listOf(spec["ports"], (port) => ({ protocol: "TCP", targetPort: port["port"], ...port })),
  });
