import { isLeaf, namedItems } from "./fields.ts";
import { itemAt, keyOf } from "./items.ts";
import { type FieldSet, fieldOf, isFields } from "./manifest.ts";
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
export const top = (owned: FieldSet | undefined): Place => ({ parent: "", field: "", owned });

/** The fields that the operator owns below each step. A leaf (an atomic list or map) is owned with everything in it. */
export function ownedBelow(owned: FieldSet | undefined): (step: string) => FieldSet | undefined {
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
