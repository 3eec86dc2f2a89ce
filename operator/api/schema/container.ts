import * as z from "zod";
import { atomicList, labelName, listByKey, objectName, portNumber, text, withDefault } from "./fields.ts";
import { matches, withRules, type Rule } from "./rule.ts";

/** A reference to one key of a ConfigMap or Secret. */
const keyOf = (what: string) =>
  z.strictObject({
    name: objectName.describe(`Name of the ${what}, in the app's namespace. Required.`),
    key: withRules(text(253), [
      matches("^[-._a-zA-Z0-9]+$", "a key is letters, digits, '-', '_' and '.'"),
    ]).describe(`Key in the ${what}. Required.`),
    optional: z
      .boolean()
      .optional()
      .describe("True: the container starts even if the key is missing. Default: false."),
  });

const sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"] as const;

const valueFrom = withRules(
  z.strictObject({
    fieldRef: z
      .strictObject({
        apiVersion: text(32).optional().describe("API version of fieldPath. Default: v1."),
        fieldPath: text(512).min(1).describe("Path of the field, such as metadata.name. Required."),
      })
      .optional()
      .describe("A field of the pod. Default: none."),
    resourceFieldRef: z
      .strictObject({
        containerName: text(63).optional().describe("Name of the container. Default: the app's container."),
        resource: text(128).min(1).describe("The request or limit, such as limits.memory. Required."),
        divisor: text(32).optional().describe("Divides the value. Default: 1. Unit: quantity."),
      })
      .optional()
      .describe("A request or limit of a container. Default: none."),
    configMapKeyRef: keyOf("ConfigMap").optional().describe("A key of a ConfigMap. Default: none."),
    secretKeyRef: keyOf("Secret").optional().describe("A key of a Secret. Default: none."),
  }),
  [
    {
      cel: `[${sources.map((name) => `has(self.${name})`).join(", ")}].filter(given, given).size() == 1`,
      message: `valueFrom has one source: give exactly one of ${sources.join(", ")}`,
      holds: (from) => sources.filter((name) => from[name] !== undefined).length === 1,
    },
  ],
);

const envRules: readonly Rule<{ value?: string | undefined; valueFrom?: unknown }>[] = [
  {
    cel: "!(has(self.value) && has(self.valueFrom))",
    message: "an environment variable has value or valueFrom, not both: remove one",
    holds: ({ value, valueFrom: from }) => value === undefined || from === undefined,
  },
];

const envVar = withRules(
  z.strictObject({
    name: withRules(text(256), [
      matches("^[ -<>-~]+$", "the name of an environment variable must be printable ASCII without '='"),
    ]).describe("Name of the variable, unique in the list. Required."),
    value: text(32_768)
      .optional()
      .describe("Value of the variable; $(NAME) refers to an earlier variable. Default: empty."),
    valueFrom: valueFrom.optional().describe("Source of the value, instead of value. Default: none."),
  }),
  envRules,
);

export const env = listByKey(envVar, "name", 200);

const source = (what: string) =>
  z
    .strictObject({
      name: objectName.describe(`Name of the ${what}, in the app's namespace. Required.`),
      optional: z
        .boolean()
        .optional()
        .describe(`True: the container starts even if the ${what} is missing. Default: false.`),
    })
    .optional()
    .describe(`A ${what} whose keys all become environment variables. Default: none.`);

const envFromEntry = withRules(
  z.strictObject({
    prefix: text(256).optional().describe("Prefix of each variable name. Default: empty."),
    configMapRef: source("ConfigMap"),
    secretRef: source("Secret"),
  }),
  [
    {
      cel: "has(self.configMapRef) != has(self.secretRef)",
      message: "an entry of envFrom has one source: give configMapRef or secretRef",
      holds: ({ configMapRef, secretRef }) => (configMapRef === undefined) !== (secretRef === undefined),
    },
  ],
);

export const envFrom = atomicList(envFromEntry, 50);

const port = z.strictObject({
  name: withRules(text(15), [
    matches(
      "^([a-z0-9]+-)*[a-z0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$",
      "the name of a port is lower-case letters, digits and single '-', with a letter among them",
    ),
  ]).describe("Name of the port, unique in the list, at most 15 characters. Required."),
  containerPort: portNumber.describe("Port number in the container. Required."),
  protocol: z
    .enum(["TCP", "UDP", "SCTP"])
    .apply(withDefault, "TCP")
    .describe("Protocol of the port: TCP, UDP or SCTP. Default: TCP."),
});

export const ports = listByKey(port, "name", 20);

const volumeMount = z.strictObject({
  name: labelName.describe("Name of a volume in spec.pod.volumes. Required."),
  mountPath: withRules(text(1024), [matches("^[^:]+$", "mountPath must be a path without ':'")]).describe(
    "Path in the container, unique in the list. Required.",
  ),
  subPath: text(1024).optional().describe("Path inside the volume. Default: the root of the volume."),
  subPathExpr: text(1024)
    .optional()
    .describe("subPath in which $(NAME) refers to environment variables. Default: none."),
  readOnly: z.boolean().optional().describe("True: the mount is read-only. Default: false."),
  recursiveReadOnly: z
    .enum(["Disabled", "IfPossible", "Enabled"])
    .optional()
    .describe("Whether mounts below this one are read-only too. Default: Disabled."),
  mountPropagation: z
    .enum(["None", "HostToContainer", "Bidirectional"])
    .optional()
    .describe("How mounts propagate between host and container. Default: None."),
});

export const volumeMounts = listByKey(volumeMount, "mountPath", 50);
