/** The metadata that core reads. The runtime's objects match this type structurally. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly ManagedFields[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** One entry of `metadata.managedFields`: which manager set which fields, in the FieldsV1 format. */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1?: FieldSet;
}

/** A FieldsV1 tree. Its keys are `f:<field>`, `k:<JSON of the list item's key>`, `v:<JSON value>` and `.`. */
export interface FieldSet {
  readonly [path: string]: FieldSet;
}

/** A Kubernetes object, live or desired. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

/** Any JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** True for a JSON object, false for arrays, null and scalars. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value as a JSON object; an empty one for any other value. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

/**
 * The value of an object's own field; undefined if the object has no field of this name. Users choose keys of maps,
 * and plain access finds inherited members such as `constructor` or `toString`.
 */
export const fieldOf = (fields: Fields, name: string): unknown =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;

/** A copy without null at any depth. In fields that the spec passes through, null unsets a default. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isFields(value)) return value;
  const set = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(set.map(([key, child]) => [key, withoutNulls(child)]));
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The first `length` UTF-16 units. Replaces a split surrogate pair, because the API server would replace it too. A cut text
 * is a copy: `slice` returns a view, which keeps the whole text in memory.
 */
export const truncate = (text: string, length: number): string =>
  text.length <= length ? text.toWellFormed() : decoder.decode(encoder.encode(text.slice(0, length)));

/** A copy without undefined values, so that server-side apply does not set these fields. */
export const compact = <T extends Fields>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
