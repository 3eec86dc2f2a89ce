import { canonicalQuantity, compareQuantities, isQuantity } from "../api/quantity.ts";
import { type Fields, fieldOf, isFields } from "./manifest.ts";

/** Maps with quantities as their values. */
const maps: ReadonlySet<string> = new Set(["requests", "limits"]);
/** Other fields with a quantity, behind the field of their object: a label or annotation can have the same name. */
const fields: ReadonlySet<string> = new Set(["emptyDir.sizeLimit", "resourceFieldRef.divisor"]);

/** True if a field of a pod has a quantity; `parent` is the field that contains the object of this field. */
export const isQuantityField = (parent: string, field: string): boolean =>
  maps.has(parent) || fields.has(`${parent}.${field}`);

/** True if both values are the same quantity. The API server rewrites quantities: "1000m" becomes "1". */
export function sameQuantity(a: unknown, b: unknown): boolean {
  const [left, right] = [String(a), String(b)];
  return left === right || (isQuantity(left) && isQuantity(right) && compareQuantities(left, right) === 0);
}

/** The item of a stored list that belongs to an item: the one with its name, or without names the one at its place. */
function counterpartOf(item: unknown, at: number, others: unknown): unknown {
  if (!Array.isArray(others)) return undefined;
  const name = isFields(item) ? fieldOf(item, "name") : undefined;
  if (name === undefined) return others[at];
  return others.find((other) => isFields(other) && fieldOf(other, "name") === name);
}

/** A value, and the value at the same place of another object. */
interface Pair {
  readonly own: unknown;
  readonly other?: unknown;
}
type Change = (quantities: Pair) => unknown;

/** A copy of `own` with changed quantities; `field` contains the value. */
function withQuantities({ own, other }: Pair, change: Change, field = ""): unknown {
  if (Array.isArray(own))
    return own.map((item: unknown, at) =>
      withQuantities({ own: item, other: counterpartOf(item, at, other) }, change),
    );
  if (!isFields(own)) return own;
  const entries = Object.entries(own).map(([key, inner]) => {
    const pair = { own: inner, other: isFields(other) ? fieldOf(other, key) : undefined };
    const isAmount = isQuantityField(field, key) && typeof inner !== "object";
    return [key, isAmount ? change(pair) : withQuantities(pair, change, key)];
  });
  return Object.fromEntries(entries) as Fields;
}

const canonical: Change = ({ own }) => (isQuantity(String(own)) ? canonicalQuantity(String(own)) : own);
const theirs: Change = ({ own, other }) => (sameQuantity(own, other) ? other : own);

/** A copy with one text for each amount. Text that is no quantity stays; the API server refuses it. */
export const withCanonicalQuantities = <T>(own: T): T => withQuantities({ own }, canonical) as T;

/** A copy in which each quantity that `other` has at the same place, in whatever spelling, is spelt as there. */
export const withQuantitiesLike = <T>(own: T, other: unknown): T =>
  withQuantities({ own, other }, theirs) as T;
