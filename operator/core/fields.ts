import { type FieldSet, type Fields, fieldOf, isFields } from "./manifest.ts";

/** One step of a path into an object: a field, the item of a keyed list, or the item of a set. */
type Step = { readonly field: string } | { readonly key: Fields } | { readonly value: unknown };

/** A JSON Patch operation (RFC 6902) of a kind that the operator uses. */
export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** Parses a key of a FieldsV1 tree: `f:name`, `k:{"name":"app"}` or `v:"x"`; undefined for `.`. */
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

/** Parsed field sets. Most apps share their field sets, and parsing keys takes half of the time of a comparison. */
const parsed = new WeakMap<FieldSet, readonly Branch[]>();

function branchesOf(fields: FieldSet): readonly Branch[] {
  const known = parsed.get(fields);
  if (known !== undefined) return known;
  const branches = Object.entries(fields).flatMap(([text, below]) => {
    const step = stepOf(text);
    return step === undefined ? [] : [{ step, below }];
  });
  parsed.set(fields, branches);
  return branches;
}

/** Key fields that an applied item may omit, with their defaults. */
const keyDefaults: Fields = { protocol: "TCP" };

/** The value of a field that is part of the key of a list item. */
export const keyFieldOf = (item: Fields, name: string): unknown =>
  fieldOf(item, name) ?? fieldOf(keyDefaults, name);

/** True if a list item has the key that `managedFields` names. */
export const matchesKey = (item: unknown, key: Fields): boolean =>
  isFields(item) && Object.entries(key).every(([name, value]) => keyFieldOf(item, name) === value);

/** The part of a value to which a step leads; undefined if the value has no such part. */
function partAt(value: unknown, step: Step): unknown {
  if ("field" in step) return isFields(value) ? fieldOf(value, step.field) : undefined;
  if (!Array.isArray(value)) return undefined;
  return value.find((item) => ("key" in step ? matchesKey(item, step.key) : item === step.value));
}

interface Pair {
  readonly live: unknown;
  readonly desired: unknown;
}

const pairAt = ({ live, desired }: Pair, step: Step): Pair => ({
  live: partAt(live, step),
  desired: partAt(desired, step),
});

/** True if a field set names a part that `live` has and `desired` lacks: the manager of the set added it. */
export const namesAddition = (fields: FieldSet, pair: Pair): boolean =>
  branchesOf(fields).some(({ step, below }) => {
    const part = pairAt(pair, step);
    if (part.live === undefined) return false;
    return part.desired === undefined || namesAddition(below, part);
  });

/** Every field that one of the two field sets names. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  const both = Object.entries(b).map(([step, below]) => [step, union(a[step] ?? {}, below)] as const);
  return { ...a, ...Object.fromEntries(both) };
}

/** True if field set `a` names every field that `b` names. */
export const covers = (a: FieldSet, b: FieldSet): boolean =>
  Object.entries(b).every(([step, below]) => a[step] !== undefined && covers(a[step], below));

/** True if the live map has keys that the desired map lacks, at any depth. */
const hasExtraKeys = ({ live, desired }: Pair): boolean =>
  isFields(live) &&
  isFields(desired) &&
  Object.entries(live).some(
    ([key, value]) => !Object.hasOwn(desired, key) || hasExtraKeys({ live: value, desired: desired[key] }),
  );

/**
 * True if a field set names a whole atomic map, such as a selector, and the live map has extra keys: the manager of
 * the set replaced the map to add keys.
 */
export const namesExtendedMap = (fields: FieldSet, pair: Pair): boolean =>
  branchesOf(fields).some(({ step, below }) => {
    const part = pairAt(pair, step);
    return Object.keys(below).length > 0 ? namesExtendedMap(below, part) : hasExtraKeys(part);
  });

/** Every field that `a` names and `b` does not. */
export function difference(a: FieldSet, b: FieldSet | undefined): FieldSet {
  if (b === undefined) return a;
  const rest = Object.entries(a).flatMap(([step, below]): [string, FieldSet][] => {
    if (b[step] === undefined) return [[step, below]];
    const inner = difference(below, b[step]);
    return Object.keys(inner).length === 0 ? [] : [[step, inner]];
  });
  return Object.fromEntries(rest);
}

/** True if a field set names a leaf whose live value differs from the desired one. */
export const namesDifference = (fields: FieldSet, pair: Pair): boolean =>
  branchesOf(fields).some(({ step, below }) => {
    const part = pairAt(pair, step);
    if (Object.keys(below).length > 0) return namesDifference(below, part);
    return part.desired !== undefined && JSON.stringify(part.live) !== JSON.stringify(part.desired);
  });
