import type { StatusCause } from "../../../../operator/runtime/api-error.ts";
import { type Fields, fieldsOf, isFields } from "../json.ts";
import type { Schema } from "../managed/schema.ts";
import { required } from "./kind.ts";

const propertyOf = (schema: Fields, name: string): Fields | undefined => {
  const property = fieldsOf(schema["properties"])[name] ?? schema["additionalProperties"];
  return isFields(property) ? property : undefined;
};

const keepsUnknown = (schema: Fields): boolean =>
  schema["x-kubernetes-preserve-unknown-fields"] === true ||
  schema["x-kubernetes-embedded-resource"] === true ||
  schema["additionalProperties"] === true;

const mapItems = (value: unknown, change: (item: unknown) => unknown): unknown =>
  Array.isArray(value) ? value.map(change) : value;

/** The value without fields that the schema does not declare. */
export function prune(value: unknown, schema: Fields): unknown {
  if (Array.isArray(value)) return mapItems(value, (item) => prune(item, fieldsOf(schema["items"])));
  if (!isFields(value)) return value;
  const kept = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    const property = propertyOf(schema, name);
    if (property !== undefined) return [[name, prune(inner, property)]];
    return keepsUnknown(schema) ? [[name, inner]] : [];
  });
  return Object.fromEntries(kept);
}

/** The value with the schema's defaults where it says nothing. */
export function complete(value: unknown, schema: Fields): unknown {
  if (Array.isArray(value)) return mapItems(value, (item) => complete(item, fieldsOf(schema["items"])));
  if (!isFields(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, property] of Object.entries(fieldsOf(schema["properties"]))) {
    const { default: absent, nullable } = fieldsOf(property);
    const isAbsent = filled[name] === undefined || (filled[name] === null && nullable !== true);
    if (isAbsent && absent !== undefined) filled[name] = absent;
    else if (isAbsent && filled[name] === null) delete filled[name];
  }
  for (const [name, inner] of Object.entries(filled)) {
    const property = propertyOf(schema, name);
    if (property !== undefined) filled[name] = complete(inner, property);
  }
  return filled;
}

const typeOf = (value: unknown): string => {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return isFields(value) ? "object" : typeof value;
};

const mismatch = (value: unknown, { type }: Fields): boolean =>
  type !== undefined && type !== typeOf(value) && !(type === "number" && typeOf(value) === "integer");

/** What is wrong with a value by type, enum and required fields; ranges and rules are the caller's to check. */
export function validate(value: unknown, schema: Fields, path = ""): readonly StatusCause[] {
  if (mismatch(value, schema)) {
    const message = `Invalid value: "${typeOf(value)}": ${path} in body must be of type ${String(schema["type"])}: "${typeOf(value)}"`;
    return [{ reason: "FieldValueTypeInvalid", message, field: path }];
  }
  if (Array.isArray(value))
    return value.flatMap((item, i) => validate(item, fieldsOf(schema["items"]), `${path}[${i}]`));
  if (!isFields(value)) return [];
  const fieldPath = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const names: readonly unknown[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  const missing = names
    .filter((name) => !(String(name) in value))
    .map((name) => required(fieldPath(String(name))));
  return [
    ...missing,
    ...Object.entries(value).flatMap(([name, inner]) => {
      const property = propertyOf(schema, name);
      return property === undefined ? [] : validate(inner, property, fieldPath(name));
    }),
  ];
}

const converted = new WeakMap<object, Schema>();

/** How values of a structural schema are merged and owned. */
export function mergeSchema(schema: Fields): Schema {
  const known = converted.get(schema);
  if (known !== undefined) return known;
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"];
  const items = fieldsOf(schema["items"]);
  const made: Schema = {
    ...(schema["x-kubernetes-map-type"] === "atomic" && { atomic: true }),
    ...(listType === "set" && { set: true }),
    ...(listType === "map" &&
      Array.isArray(keys) && {
        keys: keys
          .map(String)
          .sort()
          .map((name) => ({ name, absent: fieldsOf(propertyOf(items, name))["default"] })),
      }),
    items: mergeSchemaOnce(items, schema),
    field: (name) => mergeSchema(propertyOf(schema, name) ?? {}),
  };
  converted.set(schema, made);
  return made;
}

/** Guards against a schema without items, whose items are themselves without one. */
const mergeSchemaOnce = (items: Fields, parent: Fields): Schema =>
  parent["items"] === undefined ? untyped : mergeSchema(items);

const untyped: Schema = { field: () => untyped };
