import type { KubeObject, ManagedFieldsEntry } from "../../../../operator/runtime/kubernetes.ts";
import { compact, equal, withMetadata } from "../json.ts";
import { type FieldSet, fromFieldsV1, none, ofFields, outside, toFieldsV1 } from "./fieldset.ts";

/** A field manager: who writes, with which operation, at which endpoint. */
export interface Writer {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
}

/** A field manager with the fields that it owns and the time of its last change. */
export interface Manager extends Writer {
  readonly time: string | undefined;
  readonly set: FieldSet;
}

/** Managers by identity. The apiVersion is part of an updater's identity, not of an applier's. */
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

export const managersOf = (object: KubeObject): Managers =>
  new Map((object.metadata.managedFields ?? []).map(managerOf).map((one) => [identityOf(one), one]));

const entryOf = ({ set, subresource, ...writer }: Manager): ManagedFieldsEntry =>
  compact({
    ...writer,
    fieldsType: "FieldsV1",
    fieldsV1: toFieldsV1(set),
    subresource: subresource || undefined,
  });

const isSameSet = (a: FieldSet, b: FieldSet): boolean => a === b || (a.size === b.size && a.isSubsetOf(b));

/** The object with the times of `other` at all managers that own the same fields in both. */
export function withTimesOf(object: KubeObject, other: KubeObject): KubeObject {
  const before = managersOf(other);
  const managers = [...managersOf(object)].map(([id, one]) => {
    const known = before.get(id);
    return [id, known && isSameSet(known.set, one.set) ? { ...one, time: known.time } : one] as const;
  });
  return withManagers(object, new Map(managers));
}

/** The API server's order of managers: appliers first, then by time and name. */
const sortKey = ({ operation, time = "", manager, apiVersion, subresource = "" }: Manager): string =>
  [operation, time, manager, apiVersion, subresource].join("\n");

/** The object with these managers, except those that own nothing. */
export function withManagers(object: KubeObject, managers: Managers): KubeObject {
  const kept = [...managers.values()].filter(({ set }) => set.size > 0);
  const managedFields = kept.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)).map(entryOf);
  if (equal(object.metadata.managedFields ?? [], managedFields)) return object;
  return withMetadata(object, { managedFields: managedFields.length === 0 ? undefined : managedFields });
}

const identifying = "name namespace creationTimestamp selfLink uid clusterName generation managedFields";

/** Fields without owner: they identify the object, or only the server sets them. */
const unowned = ofFields(
  ["apiVersion"],
  ["kind"],
  ...[...identifying.split(" "), "resourceVersion"].map((field) => ["metadata", field]),
);
const metadata = ofFields(["metadata"]);

/** The set without fields that have no owner. `metadata` as a whole has none, unlike the fields in it. */
export const owned = (set: FieldSet, ignored: FieldSet = none): FieldSet =>
  outside(outside(set, unowned), ignored).difference(metadata);
