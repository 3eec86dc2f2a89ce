import { type Fields, fieldsOf, isFields } from "../json.ts";
import { propertyOf } from "../managed/schema.ts";

const keepsUnknown = (schema: Fields): boolean =>
  schema["x-kubernetes-preserve-unknown-fields"] === true || schema["additionalProperties"] === true;

/** The value without fields that the schema does not declare. */
export function prune(value: unknown, schema: Fields): unknown {
  if (Array.isArray(value)) return value.map((item) => prune(item, fieldsOf(schema["items"])));
  if (!isFields(value)) return value;
  const kept = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    const property = propertyOf(schema, name);
    if (property !== undefined) return [[name, prune(inner, property)]];
    return keepsUnknown(schema) ? [[name, inner]] : [];
  });
  return Object.fromEntries(kept);
}

/**
 * The value with the schema's defaults for absent fields. A default can be a function of the object that lacks the
 * field; undefined leaves the field absent.
 */
export function complete(value: unknown, schema: Fields): unknown {
  if (Array.isArray(value)) return value.map((item) => complete(item, fieldsOf(schema["items"])));
  if (!isFields(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, property] of Object.entries(fieldsOf(schema["properties"]))) {
    const { default: absent, nullable } = fieldsOf(property);
    if (filled[name] !== undefined && (filled[name] !== null || nullable === true)) continue;
    const chosen: unknown = typeof absent === "function" ? absent(filled) : absent;
    if (chosen === undefined) delete filled[name];
    else filled[name] = chosen;
  }
  for (const [name, inner] of Object.entries(filled)) {
    const property = propertyOf(schema, name);
    if (property !== undefined) filled[name] = complete(inner, property);
  }
  return filled;
}
