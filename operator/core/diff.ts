import { fieldManager, labels } from "../api/names.ts";
import { type Claim, claimsOf, foreignPodFields, isOperator, specFields } from "./claims.ts";
import { staleDerived } from "./derived.ts";
import {
  type PatchOperation,
  covers,
  difference,
  nameDifference,
  nameExtendedMap,
  namesAddition,
  union,
} from "./fields.ts";
import { includes, ownedBelow, top } from "./includes.ts";
import { type FieldSet, type Fields, type ManagedFields, type Manifest, fieldsOf } from "./manifest.ts";
import { remembered } from "./memo.ts";

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

/** What the comparison of a live `spec` depends on, beside that `spec`. */
interface SpecInput {
  /** The desired `spec`. */
  readonly desired: unknown;
  readonly managed: readonly ManagedFields[];
  /** Of the live object. */
  readonly apiVersion: string;
}

/** The revision of the pods that the `spec` of a Deployment asks for; undefined for that of a Service. */
const revisionOf = (spec: unknown): unknown =>
  fieldsOf(fieldsOf(fieldsOf(fieldsOf(spec)["template"])["metadata"])["labels"])[labels.hash];

/** The derived fields that the next apply has to remove. */
const staleFields = (live: Fields, { desired, managed }: SpecInput): FieldSet =>
  staleDerived({
    live,
    desired,
    owners: managed.map(specFields),
    isReplaced: revisionOf(live) !== revisionOf(desired),
  });

/**
 * A patch that takes over the additions of other managers, as client-go does in csaupgrade, and derived fields, which
 * have no manager. The next apply then removes them and adds what replaces them in one write. A patch that removes the
 * fields themselves doesn't work: the API server refuses a Service without ports or a pod without containers, and sets
 * removed defaults again for the other manager.
 */
function takeOver(live: Fields, input: SpecInput, claims: readonly Claim[]): readonly PatchOperation[] {
  const { desired, managed, apiVersion } = input;
  const others = claims.filter(({ fields }) => namesAddition(fields, { live, desired }));
  const own = managed.findIndex(isOperator);
  const owned = specFields(managed[own]);
  const stale = staleFields(live, input);
  if (others.length === 0 && covers(owned, stale)) return [];
  const fields = union([owned, ...others.map((claim) => claim.fields), stale]);
  const entry = {
    manager: fieldManager,
    operation: "Apply",
    apiVersion,
    fieldsType: "FieldsV1",
    fieldsV1: { "f:spec": fields },
  };
  return [
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

interface SpecDrift extends Omit<Drift, "apply"> {
  /** True if the operator owns a field of `spec` that is no longer desired. */
  readonly isObsolete: boolean;
}

/** The selector in the field set of a spec. The API server adds no keys to it, unlike to other atomic maps. */
const selectorIn = ({ "f:selector": selector }: FieldSet): FieldSet =>
  selector === undefined ? {} : { "f:selector": selector };

/** Compares `spec`. Most objects have the same one in each reconcile, and the comparison takes longest. */
const specDrift = remembered((live: Fields, input: SpecInput): SpecDrift => {
  const { desired, managed } = input;
  const spec = { live, desired };
  const own = managed.find(isOperator)?.fieldsV1;
  const claims = claimsOf(managed);
  const patch = takeOver(live, input, claims);
  const isAdded =
    patch.length > 0 ||
    nameExtendedMap(
      claims.map(({ fields }) => fields),
      spec,
    );
  const owned = ownedBelow(own)("f:spec");
  const ofSpec = isAdded || !includes(live, desired, top(owned));
  return {
    takeOver: patch,
    ofSpec,
    byOthers: ofSpec && (isAdded || isOverwritten(claims, owned, spec)),
    isObsolete:
      own?.["f:spec"] !== undefined &&
      (namesAddition(own["f:spec"], spec) || nameExtendedMap([selectorIn(own["f:spec"])], spec)),
  };
});

const unmanaged: readonly ManagedFields[] = [];

/**
 * Compares a live object with the desired one. In `spec`, drift is every field that differs from `desired` or was
 * added by another manager. In the metadata, only fields that the operator sets are compared.
 */
export function drift(live: Manifest, desired: Manifest): Drift {
  const { managedFields: managed = unmanaged, resourceVersion } = live.metadata;
  const { spec: desiredSpec, ...rest } = desired;
  const input = { desired: desiredSpec, managed, apiVersion: live.apiVersion };
  const { takeOver: patch, ofSpec, byOthers, isObsolete } = specDrift(fieldsOf(live["spec"]), input);
  const own = managed.find(isOperator)?.fieldsV1;
  const { "f:spec": _, ...ownRest } = own ?? {};
  const hasObsoleteField = isObsolete || namesAddition(ownRest, { live, desired });
  const apply = ofSpec || hasObsoleteField || !includes(live, rest, top(own));
  const version = { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion } as const;
  return { apply, takeOver: patch.length > 0 ? [version, ...patch] : [], ofSpec, byOthers };
}

const podSteps = ["f:spec", "f:template", "f:spec"];

interface TemplateInput {
  readonly managed: readonly ManagedFields[];
  readonly template: Fields;
}

const isEdited = remembered((spec: Fields, { managed, template }: TemplateInput): boolean => {
  const foreign = foreignPodFields(managed);
  const pods = { live: fieldsOf(spec["template"])["spec"], desired: template["spec"] };
  if (foreign.some((fields) => namesAddition(fields, pods))) return true;
  const own = managed.find(isOperator)?.fieldsV1;
  const owned = podSteps.reduce<FieldSet | undefined>((fields, step) => ownedBelow(fields)(step), own);
  return nameDifference(foreign, pods) && !includes(pods.live, pods.desired, top(owned));
});

/**
 * True if another manager has changed the pods of a Deployment from the stored template of its revision. The template
 * keeps the label of its revision then, but its pods are not the revision's. `drift` finds each such change. Ownership is
 * not enough: a manager owns a field also after it has undone its change, and the operator has nothing to revert then.
 */
export const isTemplateEdited = ({ metadata, spec }: Manifest, template: Fields): boolean =>
  isEdited(fieldsOf(spec), { managed: metadata.managedFields ?? unmanaged, template });
