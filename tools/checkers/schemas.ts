/**
 * Makes JSON schemas for kubeconform from the OpenAPI document of the pinned Kubernetes and from
 * CustomResourceDefinitions. The schemas refuse unknown fields.
 */

/** A JSON or OpenAPI schema. Lists only the keywords that are read here. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly nullable?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-group-version-kind"?: readonly GroupVersionKind[];
  readonly [other: string]: unknown;
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Types that allow more JSON types than their OpenAPI `type`. */
const loose: Readonly<Record<string, Schema>> = {
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": { type: ["string", "integer"] },
  "io.k8s.apimachinery.pkg.api.resource.Quantity": { type: ["string", "number"] },
  // Generators write `creationTimestamp: null`.
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": { type: ["string", "null"] },
};

const mapped = (schemas: Readonly<Record<string, Schema>>): Record<string, Schema> =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, strict(schema)]));

/** The same schema, which also refuses unknown fields. */
function strict(schema: Schema): Schema {
  if (schema["x-kubernetes-int-or-string"] === true) return { type: ["string", "integer"] };
  const { properties, items, additionalProperties: others, ...rest } = schema;
  const open = schema["x-kubernetes-preserve-unknown-fields"] ?? schema["x-kubernetes-embedded-resource"];
  const closed = properties !== undefined && others === undefined && open !== true;
  return {
    ...rest,
    ...(schema.nullable === true && typeof schema.type === "string" ? { type: [schema.type, "null"] } : {}),
    ...(properties === undefined ? {} : { properties: mapped(properties) }),
    ...(items === undefined ? {} : { items: strict(items) }),
    ...(typeof others === "object" ? { additionalProperties: strict(others) } : {}),
    ...(closed ? { additionalProperties: false } : {}),
  };
}

/** A name in kubeconform's template `{{.ResourceKind}}{{.KindSuffix}}`, such as `deployment-apps-v1`. */
const fileName = ({ group, version, kind }: GroupVersionKind): string =>
  [kind, group.split(".")[0], version]
    .filter((part) => part !== "" && part !== undefined)
    .join("-")
    .toLowerCase();

/** The file with the definitions that the schemas of Kubernetes' kinds refer to. */
const shared = "definitions";

/** A schema for each kind of Kubernetes, by its name for kubeconform. */
export function schemasOfOpenApi(definitions: Readonly<Record<string, Schema>>): Record<string, Schema> {
  const kinds = Object.entries(definitions).flatMap(([name, schema]) => {
    const [kind, ...others] = schema["x-kubernetes-group-version-kind"] ?? [];
    // A type of several groups, such as DeleteOptions, is not a manifest.
    if (kind === undefined || others.length > 0) return [];
    return [[fileName(kind), { $ref: `${shared}.json#/definitions/${name}` }] as const];
  });
  return { [shared]: { definitions: { ...mapped(definitions), ...loose } }, ...Object.fromEntries(kinds) };
}

/** The parts of a CustomResourceDefinition that are read here. */
export interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/** A schema for each version of a CustomResourceDefinition. */
export function schemasOfCrd({ spec }: Crd): Record<string, Schema> {
  const { group, names, versions } = spec;
  return Object.fromEntries(
    versions.map(({ name, schema }) => {
      const { properties = {}, ...rest } = schema.openAPIV3Schema;
      const common = { apiVersion: { const: `${group}/${name}` }, kind: { const: names.kind } };
      const document = strict({
        ...rest,
        // A CRD has no schema for metadata: the API server validates it.
        properties: { ...properties, ...common, metadata: { type: "object", required: ["name"] } },
        required: [...new Set([...(rest.required ?? []), "apiVersion", "kind", "metadata"])],
      });
      return [fileName({ group, version: name, kind: names.kind }), document];
    }),
  );
}
