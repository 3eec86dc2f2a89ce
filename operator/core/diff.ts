import { fieldManager } from "../api/names.ts";
import { compareQuantities, isQuantity } from "../api/quantity.ts";
import { type PatchOperation, adds, keyField, matches, union, widens } from "./fields.ts";
import {
  type FieldSet,
  type Fields,
  type ManagedFields,
  type Manifest,
  fieldOf,
  isFields,
} from "./manifest.ts";

/** What makes two items of a list the same one, by the list's field; as in the API's own merge keys. */
const mergeKeys: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    containers: ["name"],
    initContainers: ["name"],
    env: ["name"],
    // Of containers and of Services alike: what only the other has is undefined on both sides.
    ports: ["containerPort", "port", "protocol"],
    volumes: ["name"],
    volumeMounts: ["mountPath"],
    imagePullSecrets: ["name"],
    topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
    ownerReferences: ["uid"],
  }),
);
/** The fields that are a quantity. */
const quantityFields: ReadonlySet<string> = new Set(["sizeLimit", "divisor"]);
/** The maps whose values are quantities: the API server rewrites those ("1000m" becomes "1"). */
const quantityMaps: ReadonlySet<string> = new Set(["requests", "limits"]);

const sameQuantity = (a: unknown, b: unknown): boolean => {
  const [left, right] = [String(a), String(b)];
  return left === right || (isQuantity(left) && isQuantity(right) && compareQuantities(left, right) === 0);
};

/** Where a comparison stands: the field's name, and what we own at and below it. */
interface Place {
  readonly field: string;
  readonly owned: FieldSet | undefined;
}

/** What we own below a step; a leaf (an atomic list or map) is owned with all that is in it. */
function ownedBelow(owned: FieldSet | undefined, step: string): FieldSet | undefined {
  return owned !== undefined && Object.keys(owned).length === 0 ? owned : owned?.[step];
}

/** What we own of an item of a keyed list. */
function ownedItem(owned: FieldSet | undefined, item: unknown): FieldSet | undefined {
  const step = Object.keys(owned ?? {}).find(
    (key) => key.startsWith("k:") && matches(item, JSON.parse(key.slice(2)) as Fields),
  );
  return ownedBelow(owned, step ?? "");
}

/** The API server drops null, and values that Go calls zero; that we own the field shows that it took ours. */
const isDroppedZero = (live: unknown, wanted: unknown, owned: FieldSet | undefined): boolean =>
  live === undefined &&
  owned !== undefined &&
  (wanted === null || wanted === 0 || wanted === "" || wanted === false || isEmpty(wanted));

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

/**
 * True if `live` has everything that `wanted` names, with the same values. What the API server adds by
 * default and what others add is no difference here; `drift` finds the latter by its owner.
 */
export function includes(
  live: unknown,
  wanted: unknown,
  place: Place = { field: "", owned: undefined },
): boolean {
  const { field, owned } = place;
  if (isDroppedZero(live, wanted, owned)) return true;
  if (Array.isArray(wanted)) return Array.isArray(live) && includesItems(live, wanted, place);
  if (!isFields(wanted))
    return Object.is(live, wanted) || (quantityFields.has(field) && sameQuantity(live, wanted));
  if (!isFields(live)) return false;
  if (quantityMaps.has(field))
    return Object.entries(wanted).every(([key, value]) => sameQuantity(fieldOf(live, key), value));
  return Object.entries(wanted).every(([key, value]) =>
    includes(fieldOf(live, key), value, { field: key, owned: ownedBelow(owned, `f:${key}`) }),
  );
}

function includesItems(
  live: readonly unknown[],
  wanted: readonly unknown[],
  { field, owned }: Place,
): boolean {
  const keys = mergeKeys.get(field);
  if (keys === undefined)
    return (
      live.length === wanted.length &&
      wanted.every((item, i) => includes(live[i], item, { field: "", owned }))
    );
  return wanted.every((item) => {
    const other = live.find((candidate) => sameKey(candidate, item, keys));
    return other !== undefined && includes(other, item, { field: "", owned: ownedItem(owned, item) });
  });
}

const sameKey = (a: unknown, b: unknown, keys: readonly string[]): boolean =>
  isFields(a) && isFields(b) && keys.every((key) => keyField(a, key) === keyField(b, key));

/** What it takes to make a live object what is wanted. */
export interface Drift {
  /** The wanted object has to be applied: something is missing, other, or not wanted. */
  readonly apply: boolean;
  /** Makes what others added to `spec` ours first, so that the apply takes it out; empty if there is nothing. */
  readonly takeOver: readonly PatchOperation[];
  /** It is `spec` that differs, not only the metadata, which holds the operator's own notes. */
  readonly ofSpec: boolean;
}

/** What the API server allocates to a Service, whoever asked for it: it can't change and need not. */
const allocated: ReadonlySet<string> = new Set([
  "f:clusterIP",
  "f:clusterIPs",
  "f:ipFamilies",
  "f:ipFamilyPolicy",
]);

/** Without the pod template's metadata: `kubectl rollout restart` and injectors are to keep working. */
function repairable(spec: FieldSet): FieldSet {
  const fields = Object.fromEntries(Object.entries(spec).filter(([name]) => !allocated.has(name)));
  const { "f:metadata": metadata, ...template } = spec["f:template"] ?? {};
  // Never an empty set: that would be the template as a whole.
  return metadata ? { ...fields, "f:template": { ".": {}, ...template } } : fields;
}

const isOurs = (entry: ManagedFields): boolean =>
  entry.manager === fieldManager && entry.operation === "Apply";

/** The fields below `spec` that an entry of managedFields owns; nothing for a subresource such as status. */
const specFields = (entry: ManagedFields | undefined): FieldSet =>
  entry === undefined || entry.subresource === "status" ? {} : (entry.fieldsV1?.["f:spec"] ?? {});

const claimOf = (index: number): string => `/metadata/managedFields/${index}/fieldsV1/f:spec`;

/**
 * The patch that makes other managers' additions ours, as client-go does in csaupgrade: an apply takes out what is
 * ours and not in it, in one write with what comes in its place. Removing the fields themselves would not do: the
 * API server refuses to be left without a port or a container, and fills defaults in anew, still as theirs.
 */
function takeOver(live: Manifest, wanted: Manifest): readonly PatchOperation[] {
  const managed = live.metadata.managedFields ?? [];
  const spec = { live: live["spec"], wanted: wanted["spec"] };
  const theirs = managed.flatMap((entry, index) =>
    !isOurs(entry) && adds(repairable(specFields(entry)), spec) ? [index] : [],
  );
  if (theirs.length === 0) return [];
  const own = managed.findIndex(isOurs);
  const claims = theirs.map((index) => repairable(specFields(managed[index])));
  const fields = claims.reduce(union, specFields(managed[own]));
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
      : { op: "add", path: claimOf(own), value: fields },
    ...theirs.map((index): PatchOperation => ({ op: "remove", path: claimOf(index) })),
  ];
}

/**
 * Holds a live object against the wanted one. Drift in `spec` is whatever differs from `wanted` or was added
 * by another manager; metadata is only compared for what is wanted in it.
 */
export function drift(live: Manifest, wanted: Manifest): Drift {
  const managed = live.metadata.managedFields ?? [];
  const ours = managed.find(isOurs)?.fieldsV1;
  const spec = { live: live["spec"], wanted: wanted["spec"] };
  const claim = takeOver(live, wanted);
  const widened = managed.some((entry) => !isOurs(entry) && widens(repairable(specFields(entry)), spec));
  const owned = ownedBelow(ours, "f:spec");
  const ofSpec = claim.length > 0 || widened || !includes(spec.live, spec.wanted, { field: "spec", owned });
  const dropped = ours !== undefined && adds(ours, { live, wanted });
  // Its spec is compared already, and this runs at every look.
  const { spec: _, ...rest } = wanted;
  const apply = ofSpec || dropped || !includes(live, rest, { field: "", owned: ours });
  return { apply, takeOver: claim, ofSpec };
}

/** `fields` without every value that equals the one in `defaults`; an object left empty goes too. */
export function withoutDefaults(fields: Fields, defaults: Fields): Fields {
  const rest = Object.entries(fields).flatMap(([name, value]): [string, unknown][] => {
    const other = fieldOf(defaults, name);
    if (isFields(value) && Object.keys(value).length > 0) {
      const inner = withoutDefaults(value, isFields(other) ? other : {});
      return Object.keys(inner).length === 0 ? [] : [[name, inner]];
    }
    if (value === undefined || JSON.stringify(value) === JSON.stringify(other)) return [];
    return [[name, value]];
  });
  return Object.fromEntries(rest);
}
