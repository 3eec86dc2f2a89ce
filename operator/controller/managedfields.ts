import { fieldManager } from "../api/names.ts";
import { isOperator } from "../core/claims.ts";
import { fieldSetOf, isLeaf, isTooDeep } from "../core/fields.ts";
import { type FieldSet, type ManagedFields, fieldsOf } from "../core/manifest.ts";

const maxInterned = 1024;
/** Longest JSON of a field set that is interned. That of the operator's Deployments has 2 to 4 thousand characters. */
const maxInternedLength = 8192;
const interned = new Map<string, FieldSet>();

/**
 * Returns the field set, and one shared object for equal ones. Field managers own the same fields of most Deployments: a
 * copy per app takes more memory than the Deployment, and reading a field set takes longer than comparing its text. Beyond
 * `maxInterned` sets, the least recently used one is dropped.
 */
function intern(value: unknown): FieldSet {
  if (isTooDeep(value)) return {};
  const text = JSON.stringify(value);
  if (text.length > maxInternedLength) return fieldSetOf(value);
  const shared = interned.get(text) ?? fieldSetOf(value);
  interned.delete(text);
  interned.set(text, shared);
  const [oldest] = interned.size > maxInterned ? interned.keys() : [];
  if (oldest !== undefined) interned.delete(oldest);
  return shared;
}

/**
 * Most entries of managedFields that are read, the last ones: the API server sorts the newest updates to the end, and
 * merges all but ten of them. Entries written by hand can be thousands.
 */
const maxEntries = 200;

/**
 * The fields that drift detection needs: those of `spec`, and of the operator itself also those of the metadata, which
 * contain the uid of the owner reference and so differ in every app.
 */
function comparedFields({ manager, subresource, fieldsV1 }: ManagedFields): FieldSet {
  if (subresource === "status") return {};
  const { "f:spec": spec, "f:metadata": metadata } = fieldsOf(fieldsV1);
  const ofSpec = intern(spec ?? {});
  return {
    ...(!isLeaf(ofSpec) && { "f:spec": ofSpec }),
    ...(manager === fieldManager && metadata !== undefined && { "f:metadata": fieldSetOf(metadata) }),
  };
}

/** All entries keep their index, because take-over patches address entries by index. */
export const comparedManagedFields = (entries: readonly ManagedFields[]): ManagedFields[] =>
  entries.map((entry, index) => {
    const { manager = "", operation = "", time = "" } = entry;
    const isRead = isOperator(entry) || index >= entries.length - maxEntries;
    return { manager, operation, time, fieldsV1: isRead ? comparedFields(entry) : {} };
  });
