import type { KubeObject, ManagedFieldsEntry } from "../../../../operator/runtime/kubernetes.ts";
import { compact, equal } from "../json.ts";
import { type FieldSet, fromFieldsV1, isEmpty, none, ofFields, toFieldsV1, without } from "./fieldset.ts";

/** Who writes, by what operation, at which endpoint. */
export interface Writer {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
}

export interface Manager extends Writer {
  readonly time: string | undefined;
  readonly set: FieldSet;
}

/** Managers by identity: an applier is the same one at another apiVersion, an updater is not. */
export type Managers = ReadonlyMap<string, Manager>;

export const identityOf = ({ manager, operation, apiVersion, subresource = "" }: Writer): string =>
  JSON.stringify([manager, operation, operation === "Apply" ? "" : apiVersion, subresource]);

const managerOf = (entry: ManagedFieldsEntry): Manager => ({
  manager: entry.manager ?? "",
  operation: entry.operation === "Apply" ? "Apply" : "Update",
  apiVersion: entry.apiVersion ?? "",
  subresource: entry.subresource,
  time: entry.time,
  set: fromFieldsV1(entry.fieldsV1),
});

/** Reads an object's managedFields. */
export const managersOf = (object: KubeObject | undefined): Managers =>
  new Map((object?.metadata.managedFields ?? []).map(managerOf).map((one) => [identityOf(one), one]));

const entries = new WeakMap<Manager, ManagedFieldsEntry>();

function entryOf(one: Manager): ManagedFieldsEntry {
  const known = entries.get(one);
  if (known !== undefined) return known;
  const { manager, operation, apiVersion, time, set, subresource } = one;
  const fields = { fieldsType: "FieldsV1", fieldsV1: toFieldsV1(set) };
  const entry = compact({
    manager,
    operation,
    apiVersion,
    time,
    ...fields,
    subresource: subresource || undefined,
  });
  entries.set(one, entry);
  return entry;
}

/** The object with the times of `other` at managers that are the same but for the time. */
export function withTimesOf(object: KubeObject, other: KubeObject): KubeObject {
  const before = managersOf(other);
  const managers = [...managersOf(object)].map(([id, one]) => {
    const known = before.get(id);
    const isSame = known !== undefined && equal(toFieldsV1(known.set), toFieldsV1(one.set));
    return [id, isSame ? { ...one, time: known.time } : one] as const;
  });
  return withManagers(object, new Map(managers));
}

/** Appliers first, then by time and name: the order in which the API server writes them. */
const sortKey = ({ operation, time = "", manager, apiVersion, subresource = "" }: Manager): string =>
  [operation, time, manager, apiVersion, subresource].join("\n");

/** The object with these managers; those that own nothing are left out. */
export function withManagers(object: KubeObject, managers: Managers): KubeObject {
  const kept = [...managers.values()].filter(({ set }) => !isEmpty(set));
  const managedFields = kept.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)).map(entryOf);
  const { managedFields: before, ...metadata } = object.metadata;
  if (equal(before ?? [], managedFields)) return object;
  return { ...object, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
}

/** Fields that nobody owns: they name the object, or only the server sets them. */
const unowned = ofFields(
  ["apiVersion"],
  ["kind"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((field) => ["metadata", field]),
);

/** The set without what nobody can own; metadata itself is no field to own either. */
export function owned(set: FieldSet, ignored: FieldSet = none): FieldSet {
  const rest = without(without(set, unowned), ignored);
  const metadata = rest.children.get("f:metadata");
  if (metadata === undefined) return rest;
  const children = new Map(rest.children);
  if (metadata.children.size === 0) children.delete("f:metadata");
  else children.set("f:metadata", { member: false, children: metadata.children });
  return { member: false, children };
}
