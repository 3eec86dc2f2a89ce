import type { StatusCause } from "../../../../operator/runtime/api-error.ts";
import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";
import { type Fields, equal, fieldsOf, isFields, itemsOf, textOf } from "../json.ts";
import { builtIn, type Schema } from "../managed/schema.ts";
import type { Kind } from "./kind.ts";
import { complete, mergeSchema, prune, validate } from "./structural.ts";

export interface CustomKindOptions {
  /** The CustomResourceDefinition; its storage version is served. */
  readonly crd: Fields;
  /** What the schema's ranges and CEL rules would say, which are not evaluated here. */
  readonly check?: (object: KubeObject) => readonly StatusCause[];
}

/** The kind that a CustomResourceDefinition defines: defaulted, pruned and owned by its structural schema. */
export function customKind({ crd, check }: CustomKindOptions): Kind {
  const spec = fieldsOf(crd["spec"]);
  const names = fieldsOf(spec["names"]);
  const version = itemsOf(spec["versions"]).find((one) => one["storage"] === true) ?? {};
  const schema = fieldsOf(fieldsOf(version["schema"])["openAPIV3Schema"]);
  const subresources = fieldsOf(version["subresources"]);
  const hasStatus = isFields(subresources["status"]);
  const merging = mergeSchema(schema);
  const typed: Schema = { field: (name) => (name === "metadata" ? builtIn : merging.field(name)) };
  return {
    group: textOf(spec["group"]),
    version: textOf(version["name"]),
    plural: textOf(names["plural"]),
    kind: textOf(names["kind"]),
    namespaced: spec["scope"] === "Namespaced",
    schema: typed,
    empty: { metadata: {} },
    hasStatus,
    hasScale: isFields(subresources["scale"]),
    isCustom: true,
    isNewGeneration: (before, after) => !equal(contentOf(before, hasStatus), contentOf(after, hasStatus)),
    complete(object) {
      const { apiVersion, kind, metadata, ...content } = object;
      const rest = fieldsOf(complete(prune(content, schema), schema));
      return { apiVersion, kind, metadata: withoutEmpty(metadata), ...rest };
    },
    validate: (object, before) => {
      const { apiVersion: _, kind: __, metadata: ___, ...content } = object;
      const causes = validate(content, schema);
      const all = causes.length > 0 ? causes : (check?.(object) ?? []);
      // Validation ratcheting: what was stored under another schema may stay, until it is changed.
      const isKept = before !== undefined && equal(before["spec"], object["spec"]);
      return isKept ? all.filter(({ field = "" }) => !/^spec\b/.test(field)) : all;
    },
  };
}

/** Metadata goes through Go's types for custom kinds as well. */
const withoutEmpty = (metadata: KubeObject["metadata"]): KubeObject["metadata"] =>
  Object.fromEntries(
    Object.entries(metadata).filter(([, value]: [string, unknown]) =>
      Array.isArray(value) ? value.length > 0 : !isFields(value) || Object.keys(value).length > 0,
    ),
  ) as unknown as KubeObject["metadata"];

function contentOf(object: KubeObject, hasStatus: boolean): Fields {
  const { metadata: _, status, ...content } = object;
  return hasStatus ? content : { ...content, status };
}
