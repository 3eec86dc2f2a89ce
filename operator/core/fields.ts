import { type ItemKey, itemAt } from "./items.ts";
import { type FieldSet, type Fields, fieldOf, fieldsOf, isFields } from "./manifest.ts";

/** One step of a path into an object: a field, the item of a keyed list, or the item of a set. */
type Step = { readonly field: string } | ItemKey;

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

/** True for a key that a FieldsV1 tree can have. */
function isStep(text: string): boolean {
  try {
    const step = text === "." || stepOf(text);
    return typeof step === "object" && "key" in step ? isFields(step.key) : step !== undefined;
  } catch {
    return false;
  }
}

/** Most levels of a field set that the API server writes; a Deployment has about 20. */
const maxLevels = 64;

/** True if walking a value of JSON could overflow the stack. */
export const isTooDeep = (value: unknown, levels = maxLevels): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((below) => isTooDeep(below, levels - 1)));

/** One object for all leaves, which are the most part of a field set: `parsed` has an entry for each object. */
const leaf: FieldSet = Object.freeze({});

function wellFormed(value: unknown): FieldSet {
  const steps = Object.entries(fieldsOf(value)).filter(([text]) => isStep(text));
  return steps.length === 0
    ? leaf
    : Object.fromEntries(steps.map(([text, below]) => [text, wellFormed(below)]));
}

/**
 * A field set from JSON that a person may have written: without keys that can't be parsed, and empty if it is
 * too deep.
 */
export const fieldSetOf = (value: unknown): FieldSet => (isTooDeep(value) ? {} : wellFormed(value));

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
  const branches: Branch[] = [];
  for (const text of Object.keys(fields)) {
    const step = stepOf(text);
    if (step !== undefined) branches.push({ step, below: fields[text] ?? {} });
  }
  parsed.set(fields, branches);
  return branches;
}

/** The part of a value to which a step leads; undefined if the value has no such part. */
function partAt(value: unknown, step: Step): unknown {
  if ("field" in step) return isFields(value) ? fieldOf(value, step.field) : undefined;
  return Array.isArray(value) ? itemAt(value, step) : undefined;
}

/** The items that a field set of a keyed list names, each with the fields below it; the first of several with one key. */
export function namedItems(list: readonly unknown[], fields: FieldSet): ReadonlyMap<unknown, FieldSet> {
  const named = branchesOf(fields).flatMap(({ step, below }): [unknown, FieldSet][] =>
    "key" in step ? [[itemAt(list, step), below]] : [],
  );
  return new Map(named.toReversed());
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

/** What some field sets name below each of their steps. */
function grouped(sets: readonly FieldSet[]): ReadonlyMap<string, readonly FieldSet[]> {
  const groups = new Map<string, FieldSet[]>();
  for (const set of sets)
    for (const [step, below] of Object.entries(set)) {
      const group = groups.get(step);
      if (group === undefined) groups.set(step, [below]);
      else group.push(below);
    }
  return groups;
}

/** Every field that one of the field sets names. */
export function union(sets: readonly FieldSet[]): FieldSet {
  if (sets.length === 1) return sets[0] ?? {};
  return Object.fromEntries([...grouped(sets)].map(([step, below]) => [step, union(below)]));
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

/** True for a field set that stands for everything in its part of an object. */
export const isLeaf = (fields: FieldSet): boolean => Object.keys(fields).length === 0;

/**
 * True if the test holds for a leaf of some field sets. A leaf stands for everything in its part of the pair. The field
 * sets are walked together, so that each part is tested once, however many managers name it.
 */
function someLeaf(sets: readonly FieldSet[], pair: Pair, test: (part: Pair) => boolean): boolean {
  return [...grouped(sets)].some(([text, below]) => {
    const step = stepOf(text);
    if (step === undefined) return false;
    const part = pairAt(pair, step);
    if (part.desired === undefined) return false;
    const inner = below.filter((fields) => !isLeaf(fields));
    return (inner.length < below.length && test(part)) || someLeaf(inner, part, test);
  });
}

/**
 * True if a field set names a whole atomic map, such as a selector, and the live map has extra keys: the manager of
 * the set replaced the map to add keys.
 */
export const nameExtendedMap = (sets: readonly FieldSet[], pair: Pair): boolean =>
  someLeaf(sets, pair, hasExtraKeys);

/** Every field that `a` names and `b` does not. */
export function difference(a: FieldSet, b: FieldSet | undefined): FieldSet {
  if (b === undefined) return a;
  const rest = Object.entries(a).flatMap(([step, below]): [string, FieldSet][] => {
    if (b[step] === undefined) return [[step, below]];
    const inner = difference(below, b[step]);
    return isLeaf(inner) ? [] : [[step, inner]];
  });
  return Object.fromEntries(rest);
}

/** True if a field set names a leaf whose live value differs from the desired one. */
export const nameDifference = (sets: readonly FieldSet[], pair: Pair): boolean =>
  someLeaf(sets, pair, ({ live, desired }) => JSON.stringify(live) !== JSON.stringify(desired));
