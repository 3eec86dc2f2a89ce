import { fieldManager } from "../api/names.ts";
import { isEqual } from "../runtime/equal.ts";
import { isOperator } from "../core/claims.ts";
import { fieldSetOf, isLeaf, isTooDeep } from "../core/fields.ts";
import { type FieldSet, type ManagedFields, fieldsOf } from "../core/manifest.ts";

const nothing: FieldSet = {};

/** Returns the object `previous` if it equals the value, so that results remembered for it stay valid; else undefined. */
const same = <T>(value: unknown, previous: T | undefined): T | undefined =>
  previous !== undefined && isEqual(value, previous) ? previous : undefined;

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

/** The field set of metadata. Only its owner references, which contain a uid, differ in every app. */
function metadataFieldsOf(metadata: unknown): FieldSet {
  const { "f:ownerReferences": owners, ...shared } = fieldsOf(metadata);
  return { ...intern(shared), ...(owners !== undefined && { "f:ownerReferences": fieldSetOf(owners) }) };
}

/** The fields that drift detection needs: those of `spec`, and of the operator itself also those of the metadata. */
function comparedFields({ manager, subresource, fieldsV1 }: ManagedFields, previous: FieldSet): FieldSet {
  if (subresource === "status") return nothing;
  const { "f:spec": spec = nothing, "f:metadata": metadata } = fieldsOf(fieldsV1);
  const ofSpec = same(spec, previous["f:spec"]) ?? intern(spec);
  const isOwn = manager === fieldManager && metadata !== undefined;
  const fields = {
    ...(!isLeaf(ofSpec) && { "f:spec": ofSpec }),
    ...(isOwn && { "f:metadata": same(metadata, previous["f:metadata"]) ?? metadataFieldsOf(metadata) }),
  };
  return same(fields, previous) ?? fields;
}

/**
 * The entries of managedFields with only the fields that are compared. All entries keep their index, because take-over
 * patches address entries by index. Entries without compared fields, such as those of status writers, get no time: a new
 * status then returns the object `previous`, and drift is not computed again.
 */
export function comparedManagedFields(
  entries: readonly ManagedFields[],
  previous: readonly ManagedFields[] = [],
): readonly ManagedFields[] {
  const compared = entries.map((entry, index): ManagedFields => {
    const { manager = "", operation = "", time = "" } = entry;
    const isRead = isOperator(entry) || index >= entries.length - maxEntries;
    const fieldsV1 = isRead ? comparedFields(entry, previous[index]?.fieldsV1 ?? nothing) : nothing;
    return { manager, operation, time: isLeaf(fieldsV1) ? "" : time, fieldsV1 };
  });
  return same(compared, previous) ?? compared;
}
