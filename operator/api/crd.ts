/** Makes the CustomResourceDefinition from the zod schema. */
import * as z from "zod";
import { group, kind, plural, shortName, singular, version } from "./names.ts";
import { demoAppSpec, demoAppStatus, nameRules } from "./schema.ts";
import { validations } from "./schema/rule.ts";

/** A structural schema, as far as the generators look into it. */
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

/** What JSON Schema has and a structural schema must not have, or what says nothing there. */
function isForbidden(keyword: string, value: unknown): boolean {
  if (["$schema", "additionalProperties", "nullable"].includes(keyword)) return true;
  // An integer's bounds in zod when none is given: not a limit of the API, only of JavaScript.
  return (
    (keyword === "minimum" || keyword === "maximum") && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER
  );
}

/** A number or a string: Kubernetes has an extension of its own for it, in place of a union. */
const isUnion = (node: Schema): boolean => node["x-kubernetes-int-or-string"] === true;

/** Turns one node of zod's JSON Schema, and all below it, into a structural schema. */
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

/** `input`: what people may write, so that a field with a default is not required. */
const toSchema = (schema: z.ZodType): Schema =>
  structural(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", reused: "inline" }) as Schema);

/** The schema of a whole DemoApp, which the documentation is made from too. */
export const demoAppSchema = (): Schema => ({
  type: "object",
  description: "An app that is run, kept running and rolled out safely.",
  required: ["spec"],
  properties: {
    apiVersion: { type: "string", description: `Always ${group}/${version}.` },
    kind: { type: "string", description: `Always ${kind}.` },
    metadata: { type: "object" },
    spec: { ...toSchema(demoAppSpec), description: "What the team wants." },
    status: {
      ...toSchema(demoAppStatus),
      description: "What the operator sees and does; only it writes here.",
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

/** The CustomResourceDefinition as it is applied to a cluster. */
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
        // `kubectl get demoapps --all-namespaces --field-selector status.phase=Degraded`
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
