/** Generates the CustomResourceDefinition from the zod schema. */
import * as z from "zod";
import { group, kind, plural, shortName, singular, version } from "./names.ts";
import { demoAppSpec, demoAppStatus, nameRules } from "./schema.ts";
import { validations } from "./schema/rule.ts";

/** The parts of a structural schema that the generators read. */
export type Schema = {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema;
  [keyword: string]: unknown;
};

/** True for keywords of JSON Schema that a structural schema must not or need not have. */
function isForbidden(keyword: string, value: unknown): boolean {
  if (["$schema", "additionalProperties", "nullable"].includes(keyword)) return true;
  // Without bounds, zod gives integers the bounds of JavaScript. They are no limit of the API.
  return (
    (keyword === "minimum" || keyword === "maximum") && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER
  );
}

/** True for int-or-string fields. Kubernetes has an extension for them, because it forbids unions. */
const isUnion = (node: Schema): boolean => node["x-kubernetes-int-or-string"] === true;

/** Converts one node of zod's JSON Schema, with all nodes below, to a structural schema. */
function structural(node: Schema): Schema {
  const kept = Object.entries(node).filter(
    ([keyword, value]) =>
      !isForbidden(keyword, value) && !(isUnion(node) && (keyword === "anyOf" || keyword === "type")),
  );
  const { properties, items, type, description, ...result }: Schema = Object.fromEntries(kept);
  const map = node.additionalProperties;
  const isOpen = typeof map === "object" && Object.keys(map).length === 0;
  const fields = Object.entries(properties ?? {});
  return {
    ...(type !== undefined && { type }),
    ...(description !== undefined && { description }),
    ...result,
    ...(fields.length > 0 && {
      properties: Object.fromEntries(fields.map(([name, field]) => [name, structural(field)])),
    }),
    ...(items && { items: structural(items) }),
    ...(map && !isOpen && { additionalProperties: structural(map) }),
    ...(isOpen && { "x-kubernetes-preserve-unknown-fields": true }),
  };
}

/** `io: "input"` describes what users write: fields with a default are optional. */
const toSchema = (schema: z.ZodType): Schema =>
  structural(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", reused: "inline" }) as Schema);

/** The schema of a whole DemoApp. The reference in docs/demoapp.md is generated from it too. */
export const demoAppSchema = (): Schema => ({
  type: "object",
  description: "An app that the operator runs, keeps running and rolls out safely.",
  required: ["spec"],
  properties: {
    apiVersion: { type: "string", description: `Always ${group}/${version}.` },
    kind: { type: "string", description: `Always ${kind}.` },
    metadata: { type: "object" },
    spec: { ...toSchema(demoAppSpec), description: "The desired state of the app." },
    status: {
      ...toSchema(demoAppStatus),
      // Without a status, tools that follow kstatus would take a new app for ready.
      default: { observedGeneration: -1 },
      description: "The observed state of the app. Only the operator writes it.",
    },
  },
  ...validations(nameRules),
});

const columns = [
  { name: "Phase", type: "string", jsonPath: ".status.phase" },
  { name: "Ready", type: "string", jsonPath: ".status.display.ready" },
  { name: "Step", type: "string", jsonPath: ".status.display.step" },
  { name: "Weight", type: "string", jsonPath: ".status.display.weight" },
  { name: "Image", type: "string", jsonPath: ".status.display.image" },
  { name: "Hash", type: "string", jsonPath: ".status.stable.hash", priority: 1 },
  { name: "Message", type: "string", jsonPath: ".status.message", priority: 1 },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

/** The CustomResourceDefinition that `kubectl apply` installs. */
export const customResourceDefinition = () => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: {
      kind,
      listKind: `${kind}List`,
      plural,
      singular,
      shortNames: [shortName],
      categories: [singular],
    },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        additionalPrinterColumns: columns,
        // For `kubectl get demoapps --all-namespaces --field-selector status.phase=Degraded`.
        selectableFields: [{ jsonPath: ".status.phase" }],
        subresources: {
          status: {},
          scale: {
            specReplicasPath: ".spec.replicas",
            statusReplicasPath: ".status.replicas",
            labelSelectorPath: ".status.selector",
          },
        },
        schema: { openAPIV3Schema: demoAppSchema() },
      },
    ],
  },
});
