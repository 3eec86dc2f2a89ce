import { fieldManager } from "../api/names.ts";
import { difference, isLeaf } from "./fields.ts";
import type { FieldSet, ManagedFields } from "./manifest.ts";

// The fields that the managers of a live object own, as its managedFields tell.

/** Fields that the API server allocates to a Service. They are immutable, and any manager can own them. */
const allocatedFields: ReadonlySet<string> = new Set([
  "f:clusterIP",
  "f:clusterIPs",
  "f:ipFamilies",
  "f:ipFamilyPolicy",
]);

/**
 * The fields of `spec` whose drift the operator reverts: not the pod template's metadata, so that
 * `kubectl rollout restart` and injecting webhooks keep working.
 */
function revertible(spec: FieldSet): FieldSet {
  const fields = Object.fromEntries(Object.entries(spec).filter(([name]) => !allocatedFields.has(name)));
  const { "f:metadata": metadata, ...template } = spec["f:template"] ?? {};
  // The set must not be empty: an empty set means the whole template.
  return metadata ? { ...fields, "f:template": { ".": {}, ...template } } : fields;
}

export const isOperator = (entry: ManagedFields): boolean =>
  entry.manager === fieldManager && entry.operation === "Apply";

/** The fields below `spec` that an entry of managedFields owns; none for the status subresource. */
export const specFields = (entry: ManagedFields | undefined): FieldSet =>
  entry === undefined || entry.subresource === "status" ? {} : (entry.fieldsV1?.["f:spec"] ?? {});

/** The revertible fields that another manager owns, and the index of its entry in managedFields. */
export interface Claim {
  readonly index: number;
  readonly fields: FieldSet;
}

export const claimsOf = (managed: readonly ManagedFields[]): readonly Claim[] =>
  managed.flatMap((entry, index) =>
    isOperator(entry) || isLeaf(specFields(entry)) ? [] : [{ index, fields: revertible(specFields(entry)) }],
  );

/** The fields of a Deployment's pods that other managers own and the operator does not. */
export function foreignPodFields(managed: readonly ManagedFields[]): readonly FieldSet[] {
  const podOf = (spec: FieldSet): FieldSet => spec["f:template"]?.["f:spec"] ?? {};
  const own = podOf(specFields(managed.find(isOperator)));
  return claimsOf(managed)
    .map(({ fields }) => difference(podOf(fields), own))
    .filter((fields) => !isLeaf(fields));
}
