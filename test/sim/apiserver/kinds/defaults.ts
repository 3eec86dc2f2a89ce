import { type Fields, isFields } from "../json.ts";
import { canonicalQuantity } from "./quantity.ts";

/** Numbers, strings and flags that Go's types omit if they are zero. */
const omittedIfZero: ReadonlySet<string> = new Set(
  [
    "minReadySeconds initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold",
    "hostNetwork hostPID hostIPC readOnly stdin stdinOnce tty subPath hostPort hostIP appProtocol value",
    "image serviceAccountName serviceAccount nodeName hostname subdomain priorityClassName clusterIP",
    "sessionAffinity publishNotReadyAddresses nodePort externalName loadBalancerIP generateName",
    "observedGeneration readyReplicas updatedReplicas availableReplicas unavailableReplicas terminatingReplicas",
    "fullyLabeledReplicas reason message phase podIP nominatedNodeName lastProbeTime count type signal",
    "reportingComponent reportingInstance action",
  ].flatMap((names) => names.split(" ")),
);
/** Maps that Go's types omit if they are empty. Go's types keep empty structs. */
const omittedIfEmpty: ReadonlySet<string> = new Set(
  "labels annotations matchLabels nodeSelector selector requests limits data stringData binaryData".split(
    " ",
  ),
);
const kept: ReadonlySet<string> = new Set(["annotations", "labels", "data"]);
const quantities: ReadonlySet<string> = new Set(["requests", "limits", "hard"]);

const isOmitted = (name: string, value: unknown): boolean => {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return true;
  if (isFields(value)) return Object.keys(value).length === 0 && omittedIfEmpty.has(name);
  return (value === 0 || value === "" || value === false) && omittedIfZero.has(name);
};

/** The value as Go's types encode it: without zero values, and with canonical quantities. */
export function withoutZeroValues(value: unknown, field = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutZeroValues(item));
  if (!isFields(value) || kept.has(field)) return value;
  const entries = Object.entries(value);
  if (quantities.has(field))
    return Object.fromEntries(entries.map(([name, inner]) => [name, canonicalQuantity(String(inner))]));
  // The name wins over its deprecated alias, which the server then fills in again.
  const hasName = Boolean(value["serviceAccountName"]);
  const present = entries.filter(
    ([name, inner]) => !isOmitted(name, inner) && !(name === "serviceAccount" && hasName),
  );
  return Object.fromEntries(present.map(([name, inner]) => [name, withoutZeroValues(inner, name)]));
}

/** A schema of an object with default values, and schemas of fields that have defaults themselves. */
const objectWith = (defaults: Fields, fields: Readonly<Record<string, Fields>> = {}): Fields => ({
  properties: Object.fromEntries(
    Object.keys({ ...defaults, ...fields }).map((name) => [
      name,
      { ...fields[name], default: defaults[name] },
    ]),
  ),
});
const listOf = (items: Fields): Fields => ({ items });

const handlers = { httpGet: objectWith({ path: "/", scheme: "HTTP" }), grpc: objectWith({ service: "" }) };
const action = objectWith({}, handlers);
const probe = objectWith(
  { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
  handlers,
);

function pullPolicy(image: unknown): string {
  const [name = "", digest] = String(image).split("@");
  const tag = /:([^/:]+)$/.exec(name)?.[1] ?? (digest === undefined ? "latest" : "");
  return tag === "latest" ? "Always" : "IfNotPresent";
}

const container = (isOfPod: boolean): Fields =>
  objectWith(
    {
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      imagePullPolicy: ({ image }: Fields) => pullPolicy(image),
      resources: {},
    },
    {
      // In a pod, a limit is also the default request. A template keeps the request absent.
      ...(isOfPod && { resources: objectWith({ requests: ({ limits }: Fields) => limits }) }),
      env: listOf(
        objectWith({}, { valueFrom: objectWith({}, { fieldRef: objectWith({ apiVersion: "v1" }) }) }),
      ),
      ports: listOf(objectWith({ protocol: "TCP" })),
      livenessProbe: probe,
      readinessProbe: probe,
      startupProbe: probe,
      lifecycle: objectWith({}, { postStart: action, preStop: action }),
    },
  );

const withMode = objectWith({ defaultMode: 420 });
const volume = objectWith(
  { emptyDir: (given: Fields) => (Object.keys(given).length === 1 ? {} : undefined) },
  {
    secret: withMode,
    configMap: withMode,
    downwardAPI: withMode,
    projected: withMode,
    hostPath: objectWith({ type: "" }),
    image: objectWith({ pullPolicy: ({ reference }: Fields) => pullPolicy(reference) }),
  },
);

const podSpec = (extra: Fields, isOfPod: boolean): Fields =>
  objectWith(
    {
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
      schedulerName: "default-scheduler",
      securityContext: {},
      terminationGracePeriodSeconds: 30,
      ...extra,
      serviceAccountName: ({ serviceAccount }: Fields) => serviceAccount ?? extra["serviceAccountName"],
      serviceAccount: ({ serviceAccountName }: Fields) => serviceAccountName,
    },
    {
      containers: listOf(container(isOfPod)),
      initContainers: listOf(container(isOfPod)),
      volumes: listOf(volume),
    },
  );

const template = objectWith({ metadata: {}, spec: {} }, { spec: podSpec({}, false) });

const isRolling = ({ type }: Fields): boolean => type === "RollingUpdate";
const strategy = objectWith(
  { type: "RollingUpdate", rollingUpdate: (given: Fields) => (isRolling(given) ? {} : undefined) },
  { rollingUpdate: objectWith({ maxUnavailable: "25%", maxSurge: "25%" }) },
);

export const deploymentSpec = objectWith(
  { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: {}, template: {} },
  { strategy, template },
);

export const replicaSetSpec = objectWith({ replicas: 1, template: {} }, { template });

/** The defaults of a pod: those of a template, and those that only pods get, partly from admission plugins. */
export const ofPodSpec = podSpec(
  {
    enableServiceLinks: true,
    priority: 0,
    preemptionPolicy: "PreemptLowerPriority",
    serviceAccountName: "default",
  },
  true,
);

/** The defaults of a Service, without the addresses, which the server allocates. */
export const serviceSpec = objectWith(
  { type: "ClusterIP", sessionAffinity: "None", internalTrafficPolicy: "Cluster" },
  { ports: listOf(objectWith({ protocol: "TCP", targetPort: ({ port }: Fields) => port })) },
);
