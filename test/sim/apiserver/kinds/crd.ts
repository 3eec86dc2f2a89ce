import type { StatusCause } from "../../../../operator/runtime/api-error.ts";
import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";
import { type Fields, equal, fieldsOf, isFields, itemsOf, textOf } from "../json.ts";
import { builtIn } from "../managed/schema.ts";
import { withoutZeroValues } from "./defaults.ts";
import type { Kind } from "./kind.ts";
import { complete, prune } from "./structural.ts";

export interface CustomKindOptions {
  /** The CustomResourceDefinition; the server serves its storage version. */
  readonly crd: Fields;
  /** Stands in for the schema's types, ranges and CEL rules, which the fake does not evaluate. */
  readonly check: (object: KubeObject) => readonly StatusCause[];
}

/** The kind that a CustomResourceDefinition defines. */
export function customKind({ crd, check }: CustomKindOptions): Kind {
  const spec = fieldsOf(crd["spec"]);
  const names = fieldsOf(spec["names"]);
  const version = itemsOf(spec["versions"]).find((one) => one["storage"] === true) ?? {};
  const schema = fieldsOf(fieldsOf(version["schema"])["openAPIV3Schema"]);
  const subresources = fieldsOf(version["subresources"]);
  return {
    group: textOf(spec["group"]),
    version: textOf(version["name"]),
    plural: textOf(names["plural"]),
    kind: textOf(names["kind"]),
    namespaced: spec["scope"] === "Namespaced",
    schema: { ...schema, properties: { ...fieldsOf(schema["properties"]), metadata: builtIn } },
    empty: { metadata: {} },
    hasStatus: isFields(subresources["status"]),
    hasScale: isFields(subresources["scale"]),
    isCustom: true,
    isNewGeneration: (before, after) => !equal(declaredOf(before), declaredOf(after)),
    complete: (object) => {
      const { apiVersion, kind, metadata, ...content } = object;
      const completed = fieldsOf(complete(prune(content, schema), schema));
      const kept = withoutZeroValues(metadata) as KubeObject["metadata"];
      return { apiVersion, kind, metadata: kept, ...completed };
    },
    validate: (object, before) => {
      const causes = check(object);
      // Validation ratcheting: an invalid value that is stored already may stay until it changes.
      const isUnchanged = before !== undefined && equal(before["spec"], object["spec"]);
      return isUnchanged ? causes.filter(({ field = "" }) => !/^spec\b/.test(field)) : causes;
    },
  };
}

/** The fields that a user declares: all except metadata and status. */
function declaredOf(object: KubeObject): Fields {
  const { metadata: _, status: __, ...declared } = object;
  return declared;
}
