/** Any JSON object. Stored objects are never changed in place: who changes one makes a new one. */
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

/** A number field, or the value that the API takes when it is absent. */
export const numberOf = (value: unknown, absent = 0): number => (typeof value === "number" ? value : absent);

/** A copy without the keys whose value is undefined, as JSON would have it. */
export const compact = (fields: Fields): Fields => {
  if (Object.values(fields).every((value) => value !== undefined)) return fields;
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
};

/** Whether two JSON values are the same; the order of keys does not count. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (!isFields(a) || !isFields(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]));
}
