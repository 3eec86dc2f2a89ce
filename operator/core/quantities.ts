import { canonicalQuantity, isQuantity, isQuantityField, quantityMaps } from "../api/quantity.ts";
import { itemAt } from "./items.ts";
import { type Fields, fieldOf, isFields } from "./manifest.ts";

/** The exponents to which the API server rounds the amounts of maps and of other fields. */
const [milli, nano] = [-3, -9];

/** One text for equal amounts; the given value if it is no quantity. `parent` contains the object with the field. */
export function canonicalAt(parent: string, field: string, value: unknown): unknown {
  if (!isQuantityField(parent, field)) return value;
  if (typeof value !== "string" && typeof value !== "number") return value;
  const text = String(value);
  return isQuantity(text) ? canonicalQuantity(text, quantityMaps.has(parent) ? milli : nano) : value;
}

/** The item of a stored list that belongs to an item: the one with its name, or without names the one at its place. */
function counterpartOf(item: unknown, at: number, others: unknown): unknown {
  if (!Array.isArray(others)) return undefined;
  const name = isFields(item) ? fieldOf(item, "name") : undefined;
  if (name === undefined) return others[at];
  return itemAt(others, { key: { name } });
}

/** A value, and the value at the same place of another object. */
interface Pair {
  readonly own: unknown;
  readonly other?: unknown;
}
type Change = (pair: Pair, canonical: (value: unknown) => unknown) => unknown;

/** A copy of `own` with changed scalars, or `own` itself if none changed; `field` contains the value. */
function mapped({ own, other }: Pair, change: Change, field = ""): unknown {
  if (Array.isArray(own)) {
    const items = own.map((item: unknown, at) =>
      mapped({ own: item, other: counterpartOf(item, at, other) }, change),
    );
    return items.every((item, at) => item === own[at]) ? own : items;
  }
  if (!isFields(own)) return own;
  const entries = Object.entries(own).map(([key, inner]): [string, unknown] => {
    const pair = { own: inner, other: isFields(other) ? fieldOf(other, key) : undefined };
    if (typeof inner === "object") return [key, mapped(pair, change, key)];
    return [key, change(pair, (value) => canonicalAt(field, key, value))];
  });
  return entries.every(([key, inner]) => inner === own[key]) ? own : (Object.fromEntries(entries) as Fields);
}

/** A copy with one text for each amount. Text that is no quantity stays; the API server refuses it. */
export const withCanonicalQuantities = <T>(own: T): T =>
  mapped({ own }, (pair, canonical) => canonical(pair.own)) as T;

/** A copy in which each quantity that `other` has at the same place, in whatever spelling, is spelt as there. */
export const withQuantitiesLike = <T>(own: T, other: unknown): T =>
  mapped({ own, other }, (pair, canonical) =>
    pair.own === pair.other || canonical(pair.own) !== canonical(pair.other) ? pair.own : pair.other,
  ) as T;
