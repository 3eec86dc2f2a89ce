import { fieldManager, labels } from "../api/names.ts";
import { type Claim, claimsOf, foreignPodFields, isOperator, specFields } from "./claims.ts";
import { templateMetadataOf } from "./deployment.ts";
import { staleDerived } from "./derived.ts";
import {
  type PatchOperation,
  covers,
  difference,
  isLeaf,
  nameDifference,
  nameExtendedMap,
  namedItems,
  namesAddition,
  union,
} from "./fields.ts";
import { itemAt, keyOf } from "./items.ts";
import { type FieldSet, type Fields, type Manifest, fieldOf, fieldsOf, isFields } from "./manifest.ts";
import { canonicalAt } from "./quantities.ts";

/** The key fields of list items, by the name of the list. Source: the merge keys of the Kubernetes API. */
const mergeKeys: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    containers: ["name"],
    initContainers: ["name"],
    env: ["name"],
    // For containers and Services: the key field that the kind doesn't have is undefined on both sides.
    ports: ["containerPort", "port", "protocol"],
    volumes: ["name"],
    volumeMounts: ["mountPath"],
    imagePullSecrets: ["name"],
    topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
    ownerReferences: ["uid"],
  }),
);

/** The present position of a comparison. */
interface Place {
  /** The field that contains the object of `field`. */
  readonly parent: string;
  readonly field: string;
  /** The fields that the operator owns from here on. */
  readonly owned: FieldSet | undefined;
}

/** The place of an object, or of a list item, whose field has no meaning. */
const top = (owned: FieldSet | undefined): Place => ({ parent: "", field: "", owned });

/** The fields that the operator owns below each step. A leaf (an atomic list or map) is owned with everything in it. */
function ownedBelow(owned: FieldSet | undefined): (step: string) => FieldSet | undefined {
  return owned === undefined || isLeaf(owned) ? () => owned : (step) => owned[step];
}

/** The fields that the operator owns in the items of a keyed list. */
function ownedItems(
  owned: FieldSet | undefined,
  list: readonly unknown[],
): (item: unknown) => FieldSet | undefined {
  if (owned === undefined || isLeaf(owned)) return () => owned;
  const items = namedItems(list, owned);
  return (item) => items.get(item);
}

/** The API server drops null and Go zero values. If the operator owns the field, its value was applied and dropped. */
const isDroppedZero = (live: unknown, desired: unknown, owned: FieldSet | undefined): boolean =>
  live === undefined &&
  owned !== undefined &&
  (desired === null || desired === 0 || desired === "" || desired === false || isEmpty(desired));

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

/**
 * True if `live` has every field of `desired` with the same value. Additional live fields are no difference: they can
 * be defaults of the API server. `drift` finds additions by other managers through `managedFields`.
 */
export function includes(live: unknown, desired: unknown, place: Place = top(undefined)): boolean {
  const { parent, field, owned } = place;
  if (isDroppedZero(live, desired, owned)) return true;
  if (Array.isArray(desired)) return Array.isArray(live) && includesItems(live, desired, place);
  if (!isFields(desired))
    return (
      Object.is(live, desired) || canonicalAt(parent, field, live) === canonicalAt(parent, field, desired)
    );
  if (!isFields(live)) return false;
  const below = ownedBelow(owned);
  return Object.entries(desired).every(([key, value]) =>
    includes(fieldOf(live, key), value, { parent: field, field: key, owned: below(`f:${key}`) }),
  );
}

function includesItems(
  live: readonly unknown[],
  desired: readonly unknown[],
  { field, owned }: Place,
): boolean {
  const keys = mergeKeys.get(field);
  if (keys === undefined)
    return live.length === desired.length && desired.every((item, i) => includes(live[i], item, top(owned)));
  const ownedBy = ownedItems(owned, desired);
  return desired.every((item) => {
    const other = isFields(item) ? itemAt(live, keyOf(item, keys)) : undefined;
    return other !== undefined && includes(other, item, top(ownedBy(item)));
  });
}

/** The difference between a live object and the desired object, as the writes that remove it. */
export interface Drift {
  /** True if the desired object has to be applied: a field is missing, different or no longer desired. */
  readonly apply: boolean;
  /** Takes over what the apply has to remove from `spec`: additions of other managers and stale derived fields. */
  readonly takeOver: readonly PatchOperation[];
  /** True if `spec` differs; false if only metadata does, such as the annotations that store progress. */
  readonly ofSpec: boolean;
  /** True if another manager changed `spec`: it owns a field there that has another value than desired. */
  readonly byOthers: boolean;
}

const specPathOf = (index: number): string => `/metadata/managedFields/${index}/fieldsV1/f:spec`;

/** The revision of the pods that a Deployment asks for; undefined for a Service. */
const revisionOf = (object: Manifest): string | undefined =>
  templateMetadataOf(object)?.labels?.[labels.hash];

/** The derived fields that the next apply has to remove. */
const staleFields = (live: Manifest, desired: Manifest): FieldSet =>
  staleDerived({
    live: live["spec"],
    desired: desired["spec"],
    owners: (live.metadata.managedFields ?? []).map(specFields),
    isReplaced: revisionOf(live) !== revisionOf(desired),
  });

/**
 * A patch that takes over the additions of other managers, as client-go does in csaupgrade, and derived fields, which
 * have no manager. The next apply then removes them and adds what replaces them in one write. A patch that removes the
 * fields themselves doesn't work: the API server refuses a Service without ports or a pod without containers, and sets
 * removed defaults again for the other manager.
 */
function takeOver(live: Manifest, desired: Manifest, claims: readonly Claim[]): readonly PatchOperation[] {
  const managed = live.metadata.managedFields ?? [];
  const spec = { live: live["spec"], desired: desired["spec"] };
  const others = claims.filter(({ fields }) => namesAddition(fields, spec));
  const own = managed.findIndex(isOperator);
  const owned = specFields(managed[own]);
  const stale = staleFields(live, desired);
  if (others.length === 0 && covers(owned, stale)) return [];
  const fields = union([owned, ...others.map((claim) => claim.fields), stale]);
  const { apiVersion } = live;
  const entry = {
    manager: fieldManager,
    operation: "Apply",
    apiVersion,
    fieldsType: "FieldsV1",
    fieldsV1: { "f:spec": fields },
  };
  return [
    { op: "replace", path: "/metadata/resourceVersion", value: live.metadata.resourceVersion },
    own === -1
      ? { op: "add", path: "/metadata/managedFields/-", value: entry }
      : { op: "add", path: specPathOf(own), value: fields },
    ...others.map(({ index }): PatchOperation => ({ op: "remove", path: specPathOf(index) })),
  ];
}

/**
 * True if another manager owns a field that the operator does not own and that has another value than desired. A write
 * that changes a field takes the field away from its other managers, so the manager wrote that value after the
 * operator's last apply.
 */
function isOverwritten(
  claims: readonly Claim[],
  own: FieldSet | undefined,
  spec: { live: unknown; desired: unknown },
): boolean {
  const others = claims.map(({ fields }) => difference(fields, own));
  return nameDifference(others, spec);
}

/**
 * Compares a live object with the desired one. In `spec`, drift is every field that differs from `desired` or was
 * added by another manager. In the metadata, only fields that the operator sets are compared.
 */
export function drift(live: Manifest, desired: Manifest): Drift {
  const managed = live.metadata.managedFields ?? [];
  const own = managed.find(isOperator)?.fieldsV1;
  const spec = { live: live["spec"], desired: desired["spec"] };
  const claims = claimsOf(managed);
  const patch = takeOver(live, desired, claims);
  const isAdded =
    patch.length > 0 ||
    nameExtendedMap(
      claims.map(({ fields }) => fields),
      spec,
    );
  const owned = ownedBelow(own)("f:spec");
  const ofSpec = isAdded || !includes(spec.live, spec.desired, top(owned));
  const hasObsoleteField = own !== undefined && namesAddition(own, { live, desired });
  // `spec` is compared already. Every reconcile runs this comparison.
  const { spec: _, ...rest } = desired;
  const apply = ofSpec || hasObsoleteField || !includes(live, rest, top(own));
  const byOthers = ofSpec && (isAdded || isOverwritten(claims, owned, spec));
  return { apply, takeOver: patch, ofSpec, byOthers };
}

const podSteps = ["f:spec", "f:template", "f:spec"];

/**
 * True if another manager has changed the pods of a Deployment from the stored template of its revision. The template
 * keeps the label of its revision then, but its pods are not the revision's. `drift` finds each such change. Ownership is
 * not enough: a manager owns a field also after it has undone its change, and the operator has nothing to revert then.
 */
export function isTemplateEdited({ metadata, spec }: Manifest, template: Fields): boolean {
  const { managedFields = [] } = metadata;
  const foreign = foreignPodFields(managedFields);
  const pods = { live: fieldsOf(fieldsOf(spec)["template"])["spec"], desired: template["spec"] };
  if (foreign.some((fields) => namesAddition(fields, pods))) return true;
  const own = managedFields.find(isOperator)?.fieldsV1;
  const owned = podSteps.reduce<FieldSet | undefined>((fields, step) => ownedBelow(fields)(step), own);
  return nameDifference(foreign, pods) && !includes(pods.live, pods.desired, top(owned));
}
