import * as z from "zod";
import {
  atomicList,
  int64,
  keysRule,
  labelName,
  labelsRule,
  listByKey,
  mapOf,
  objectName,
  passedOn,
  seconds,
  text,
} from "./fields.ts";
import { bounded } from "./bounds.ts";
import { ports, volumeMounts } from "./container.ts";
import { containerName, group, labels, portName } from "../names.ts";
import { withRules, type Rule } from "./rule.ts";

const toleration = z.strictObject({
  key: text(317).optional().describe("Key of the taint to tolerate. Default: every taint."),
  operator: z
    .enum(["Exists", "Equal"])
    .optional()
    .describe("Exists ignores the value, Equal compares it. Default: Equal."),
  value: text(63).optional().describe("Value of the taint. Default: empty."),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    .optional()
    .describe("Effect of the taint to tolerate. Default: every effect."),
  // Written as JSON, a larger number could exceed 64 bits. Nobody tells the difference to 285 million years.
  tolerationSeconds: int64
    .transform((seconds) => Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, seconds)))
    .optional()
    .describe("Time that a pod stays on a node with a NoExecute taint. Default: unlimited. Unit: seconds."),
});

/** An entry with a validated name. Kubernetes validates the other fields. */
const named = (what: string) =>
  bounded(z.looseObject({ name: labelName.describe(`Name of the ${what}, unique in the list. Required.`) }));

const container = withRules(named("container"), [
  {
    cel: `self.name != '${containerName}'`,
    message: `'${containerName}' is the app's own container: choose another name`,
    at: ["name"],
    holds: ({ name }) => name !== containerName,
  },
]);

const isReserved = (key: string): boolean =>
  key.startsWith(`${group}/`) || key === labels.name || key === labels.managedBy;
const reservedLabels: Rule<Readonly<Record<string, string>>> = {
  cel: `self.all(k, !k.startsWith('${group}/') && k != '${labels.name}' && k != '${labels.managedBy}')`,
  message: `${labels.name}, ${labels.managedBy} and ${group}/* are set by the operator: remove them from pod.labels`,
  holds: (map) => !Object.keys(map).some(isReserved),
};
const reservedAnnotations: Rule<Readonly<Record<string, string>>> = {
  cel: `self.all(k, !k.startsWith('${group}/'))`,
  message: `${group}/* is set by the operator: remove it from pod.annotations`,
  holds: (map) => !Object.keys(map).some((key) => key.startsWith(`${group}/`)),
};

const portRules: readonly Rule<z.output<typeof ports>>[] = [
  {
    cel: `self.all(p, p.name != '${portName}')`,
    message: `'${portName}' is the name of spec.port: choose another name`,
    holds: (list) => list.every(({ name }) => name !== portName),
  },
  {
    cel: "self.all(p, self.exists_one(q, q.containerPort == p.containerPort && q.protocol == p.protocol))",
    message: "a containerPort may be given once for each protocol: remove the other",
    holds: (list) =>
      new Set(list.map((port) => `${port.containerPort}/${port.protocol}`)).size === list.length,
  },
];

const fields = {
  labels: withRules(mapOf(text(63), 50), [reservedLabels, keysRule, labelsRule])
    .optional()
    .describe("Additional labels of the pods. Default: none."),
  annotations: withRules(mapOf(text(65_536), 50), [reservedAnnotations, keysRule])
    .optional()
    .describe("Additional annotations of the pods. Default: none."),
  serviceAccountName: objectName.optional().describe("Name of the pods' service account. Default: default."),
  automountServiceAccountToken: z
    .boolean()
    .optional()
    .describe("True: the pods get a token for the Kubernetes API. Default: false."),
  imagePullSecrets: listByKey(
    z.strictObject({ name: objectName.describe("Name of the Secret, in the app's namespace. Required.") }),
    "name",
    20,
  )
    .optional()
    .describe("Secrets with credentials for the registry. Default: none."),
  imagePullPolicy: z
    .enum(["Always", "IfNotPresent", "Never"])
    .optional()
    .describe(
      "When the node pulls the image. Default: Always for the tag latest or no tag, otherwise IfNotPresent.",
    ),
  terminationMessagePolicy: z
    .enum(["File", "FallbackToLogsOnError"])
    .optional()
    .describe(
      "Where the message about a crashed container comes from: File is /dev/termination-log only, so that no log output is quoted in the status. Default: FallbackToLogsOnError, the end of the log if that file is empty.",
    ),
  nodeSelector: withRules(mapOf(text(63), 50), [keysRule, labelsRule])
    .optional()
    .describe("Labels that a node must have. Default: none."),
  tolerations: atomicList(toleration, 50).optional().describe("Taints of nodes to tolerate. Default: none."),
  affinity: passedOn.optional().describe("Affinity of the pods, as in a pod. Default: none."),
  topologySpreadConstraints: atomicList(passedOn, 10)
    .optional()
    .describe(
      "Topology spread constraints, as in a pod. Default: one that prefers to spread the pods of a revision over nodes.",
    ),
  priorityClassName: objectName
    .optional()
    .describe("Name of the pods' priority class. Default: the default class of the cluster."),
  volumes: listByKey(named("volume"), "name", 50).optional().describe("Volumes, as in a pod. Default: none."),
  volumeMounts: volumeMounts
    .optional()
    .describe(
      "Mounts of the app's container. Default: an emptyDir at /tmp, which is also added unless a volume is mounted there.",
    ),
  command: atomicList(text(32_768), 100)
    .optional()
    .describe("Command of the app's container. Default: the entry point of the image."),
  args: atomicList(text(32_768), 100)
    .optional()
    .describe("Arguments of the command. Default: those of the image."),
  lifecycle: passedOn
    .optional()
    .describe(
      "postStart and preStop, as in a container. Default: preStop sleeps for 5 s, so that no request is dropped.",
    ),
  ports: withRules(ports, portRules)
    .optional()
    .describe("Additional ports of the app's container. Default: none."),
  initContainers: listByKey(container, "name", 20)
    .optional()
    .describe("Containers that run to completion before the app starts, as in a pod. Default: none."),
  sidecars: listByKey(container, "name", 20)
    .optional()
    .describe("Containers that run as long as the app, as in a pod. Default: none."),
  securityContext: passedOn
    .optional()
    .describe(
      "Security context of the pod; each field overrides its default. Default: runAsNonRoot true, seccompProfile RuntimeDefault.",
    ),
  containerSecurityContext: passedOn
    .optional()
    .describe(
      "Security context of the app's container; each field overrides its default. Default: no privilege escalation, read-only root file system, no capabilities.",
    ),
  terminationGracePeriodSeconds: seconds
    .optional()
    .describe("Time that a pod has to stop, preStop included. Default: 30. Unit: seconds."),
};

type Pod = z.output<z.ZodObject<typeof fields>>;

const rules: readonly Rule<Pod>[] = [
  {
    cel: "!has(self.volumeMounts) || self.volumeMounts.all(m, has(self.volumes) && self.volumes.exists(v, v.name == m.name))",
    message: "each of volumeMounts must name one of volumes: add the volume or correct the name",
    at: ["volumeMounts"],
    holds: ({ volumeMounts: mounts = [], volumes = [] }) =>
      mounts.every((mount) => volumes.some((volume) => volume.name === mount.name)),
  },
  {
    cel: "!has(self.sidecars) || !has(self.initContainers) || self.sidecars.all(s, !self.initContainers.exists(i, i.name == s.name))",
    message: "sidecars and initContainers must not share a name: rename one",
    at: ["sidecars"],
    holds: ({ sidecars = [], initContainers = [] }) =>
      sidecars.every((sidecar) => initContainers.every(({ name }) => name !== sidecar.name)),
  },
];

export const pod = withRules(z.strictObject(fields), rules);
