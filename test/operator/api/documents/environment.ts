import { accepted, asList, refused, type Row } from "./row.ts";

const secret = { secretKeyRef: { name: "database", key: "password" } };
/** A character of two UTF-16 units. Bounds count characters. */
const emoji = (count: number): string => "\u{1F600}".repeat(count);

export const environment: readonly Row[] = [
  accepted("a value of as many emoji as characters are allowed", {
    env: [{ name: "A", value: emoji(32_768) }],
  }),
  refused(
    "a value of one emoji more than characters are allowed",
    { env: [{ name: "A", value: emoji(32_769) }] },
    "spec.env[0].value: may not be more than 32768 bytes",
  ),
  accepted("environment variables from every source", {
    env: [
      { name: "PLAIN", value: "1" },
      { name: "empty.name-with_all" },
      { name: "SECRET", valueFrom: secret },
      { name: "CONFIG", valueFrom: { configMapKeyRef: { name: "config", key: "a.b", optional: true } } },
      { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "LIMIT", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
    ],
    envFrom: [
      { configMapRef: { name: "config" } },
      { prefix: "S_", secretRef: { name: "secrets", optional: true } },
    ],
  }),
  refused(
    "two variables with the same name",
    {
      env: [
        { name: "A", value: "1" },
        { name: "A", value: "2" },
      ],
    },
    {
      problem: 'spec.env: duplicate entries for key [name="A"]',
      server: '.spec.env: duplicate entries for key [name="A"]',
    },
  ),
  refused(
    "a variable without a name",
    { env: [{ value: "1" }] },
    { problem: "spec.env[0].name: Required value", server: 'omits all key fields ["name"]' },
  ),
  refused("a variable name with an equals sign", { env: [{ name: "A=B" }] }, "spec.env[0].name: without '='"),
  refused(
    "a variable with value and valueFrom",
    { env: [{ name: "A", value: "1", valueFrom: secret }] },
    "spec.env[0]: an environment variable has value or valueFrom, not both: remove one",
  ),
  refused(
    "valueFrom with two sources",
    { env: [{ name: "A", valueFrom: { ...secret, fieldRef: { fieldPath: "metadata.name" } } }] },
    "spec.env[0].valueFrom: valueFrom has one source",
  ),
  refused(
    "valueFrom without a source",
    { env: [{ name: "A", valueFrom: {} }] },
    "spec.env[0].valueFrom: valueFrom has one source",
  ),
  refused(
    "a number as a variable's value",
    { env: [{ name: "A", value: 1 }] },
    { problem: "spec.env[0].value: must be of type string", server: "expected string" },
  ),
  refused(
    "envFrom without a source",
    { envFrom: [{ prefix: "A_" }] },
    "spec.envFrom[0]: give configMapRef or secretRef",
  ),
  refused(
    "an invalid Secret name",
    { envFrom: [{ secretRef: { name: "Bad_Name" } }] },
    "spec.envFrom[0].secretRef.name: must be a Kubernetes name",
  ),
  refused(
    "201 environment variables",
    { env: asList(201, (at) => ({ name: `A${at}` })) },
    "spec.env: must have at most 200 items",
  ),
];
