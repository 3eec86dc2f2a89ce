import { type FieldSet, type Fields, fieldOf, isFields } from "./manifest.ts";

/** One step of a path into an object: a field's name, or the key of an item in a keyed list. */
type Step = { readonly field: string } | { readonly key: Fields } | { readonly value: unknown };

/** A JSON Patch operation (RFC 6902) of the kinds used here. */
export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** Reads a key of a FieldsV1 tree: `f:name`, `k:{"name":"app"}` or `v:"x"`; undefined for `.`. */
function stepOf(text: string): Step | undefined {
  const rest = text.slice(2);
  if (text.startsWith("f:")) return { field: rest };
  if (text.startsWith("k:")) return { key: JSON.parse(rest) as Fields };
  if (text.startsWith("v:")) return { value: JSON.parse(rest) };
  return undefined;
}

/** One branch of a FieldsV1 tree. */
interface Branch {
  readonly step: Step;
  readonly below: FieldSet;
}

const remembered = new WeakMap<FieldSet, readonly Branch[]>();

/** The branches of a field set. (Remembered per set: most apps share theirs, and reading keys is half of the work.) */
function branchesOf(fields: FieldSet): readonly Branch[] {
  const known = remembered.get(fields);
  if (known !== undefined) return known;
  const branches = Object.entries(fields).flatMap(([text, below]) => {
    const step = stepOf(text);
    return step === undefined ? [] : [{ step, below }];
  });
  remembered.set(fields, branches);
  return branches;
}

/** A key field that may be left out of what is applied, with what it then is. */
const keyDefaults: Fields = { protocol: "TCP" };

/** A field of an item that tells it from the others of its list. */
export const keyField = (item: Fields, name: string): unknown =>
  fieldOf(item, name) ?? fieldOf(keyDefaults, name);

/** True if an item of a keyed list is the one that a key of managedFields names. */
export const matches = (item: unknown, key: Fields): boolean =>
  isFields(item) && Object.entries(key).every(([name, value]) => keyField(item, name) === value);

/** What is in a value where a step leads; undefined if nothing is. */
function follow(value: unknown, step: Step): unknown {
  if ("field" in step) return isFields(value) ? fieldOf(value, step.field) : undefined;
  if (!Array.isArray(value)) return undefined;
  return value.find((item) => ("key" in step ? matches(item, step.key) : item === step.value));
}

interface Pair {
  readonly live: unknown;
  readonly wanted: unknown;
}

/** True if a field set names something that is in `live` and not in `wanted`: its manager added it. */
export const adds = (fields: FieldSet, { live, wanted }: Pair): boolean =>
  branchesOf(fields).some(({ step, below }) => {
    const pair = { live: follow(live, step), wanted: follow(wanted, step) };
    if (pair.live === undefined) return false;
    return pair.wanted === undefined || adds(below, pair);
  });

/** Everything that either field set names. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  const both = Object.entries(b).map(([step, below]) => [step, union(a[step] ?? {}, below)] as const);
  return { ...a, ...Object.fromEntries(both) };
}

/** True if a map has keys that `wanted` lacks, at any depth. */
const hasMore = ({ live, wanted }: Pair): boolean =>
  isFields(live) &&
  isFields(wanted) &&
  Object.entries(live).some(
    ([key, value]) => !Object.hasOwn(wanted, key) || hasMore({ live: value, wanted: wanted[key] }),
  );

/**
 * True if a field set names as a whole a map (an atomic one, such as a selector) that has more in it than is
 * wanted: its manager took it over to add to it.
 */
export const widens = (fields: FieldSet, { live, wanted }: Pair): boolean =>
  branchesOf(fields).some(({ step, below }) => {
    const pair = { live: follow(live, step), wanted: follow(wanted, step) };
    return Object.keys(below).length > 0 ? widens(below, pair) : hasMore(pair);
  });
