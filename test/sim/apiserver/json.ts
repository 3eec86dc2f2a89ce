import type { KubeObject, ObjectMeta } from "../../../operator/runtime/kubernetes.ts";

/** Any JSON object. Stored objects are immutable: a change makes a new object. */
export type Fields = Readonly<Record<string, unknown>>;

/** True for a JSON object, false for arrays, null and scalars. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The object in a field, or an empty one. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

/** The objects in a list field, or none. */
export const itemsOf = (value: unknown): readonly Fields[] =>
  Array.isArray(value) ? value.filter(isFields) : [];

/** A string field, or the empty string. */
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** A number field, or the API's value for an absent field. */
export const numberOf = (value: unknown, absent = 0): number => (typeof value === "number" ? value : absent);

/** A copy without keys whose value is undefined, as in JSON. */
export const compact = (fields: Fields): Fields => {
  if (Object.values(fields).every((value) => value !== undefined)) return fields;
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
};

/** Metadata fields; undefined removes a field. */
export type MetadataChange = { readonly [K in keyof ObjectMeta]?: ObjectMeta[K] | undefined } & {
  readonly deletionGracePeriodSeconds?: number | undefined;
};

/** A copy of the object with changed metadata. */
export const withMetadata = (object: KubeObject, change: MetadataChange): KubeObject => ({
  ...object,
  metadata: compact({ ...object.metadata, ...change }) as unknown as ObjectMeta,
});

/**
 * True if two JSON values are equal; the order of keys does not matter. `isDeepStrictEqual` also compares prototypes,
 * and objects from `structuredClone` have other prototypes than the objects of a jest test.
 */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (!isFields(a) || !isFields(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
  );
}
