import { demoAppSchema } from "../../operator/api/crd.ts";
import { validate } from "../../operator/api/validate.ts";
import type { KubeObject } from "../../operator/runtime/kubernetes.ts";
import { kinds } from "../../tools/objects.ts";
import { type Fields, equal, fieldsOf } from "./apiserver/json.ts";
import { withoutZeroValues } from "./apiserver/kinds/defaults.ts";
import type { Kind } from "./apiserver/kinds/kind.ts";
import { complete, prune } from "./apiserver/kinds/structural.ts";
import { builtIn } from "./apiserver/managed/schema.ts";

/** DemoApp as its CRD defines it. The operator's own validation stands in for the types, ranges and rules of the schema. */
export function demoAppKind(): Kind {
  const schema = fieldsOf(demoAppSchema());
  return {
    ...kinds.DemoApp,
    schema: { ...schema, properties: { ...fieldsOf(schema["properties"]), metadata: builtIn } },
    empty: { metadata: {} },
    hasStatus: true,
    hasScale: true,
    isCustom: true,
    isNewGeneration: (before, after) => !equal(declaredOf(before), declaredOf(after)),
    complete: (object) => {
      const { apiVersion, kind, metadata, ...content } = object;
      const completed = fieldsOf(complete(prune(content, schema), schema));
      const kept = withoutZeroValues(metadata) as KubeObject["metadata"];
      return { apiVersion, kind, metadata: kept, ...completed };
    },
    validate: (object, before) => {
      const checked = validate(object);
      // Validation ratcheting: an invalid value that is stored already may stay until it changes.
      const isUnchanged = before !== undefined && equal(before["spec"], object["spec"]);
      return (checked.ok ? [] : checked.problems)
        .filter(({ path }) => !isUnchanged || !/^spec\b/.test(path))
        .map(({ path, message }) => ({ reason: "FieldValueInvalid", field: path, message }));
    },
  };
}

/** The fields that a user declares: all except metadata and status. */
function declaredOf(object: KubeObject): Fields {
  const { metadata: _, status: __, ...declared } = object;
  return declared;
}
