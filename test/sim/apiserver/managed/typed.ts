// What structured-merge-diff (the library behind server-side apply) does with two values of one type. Where it does
// something peculiar, this does it too: the fidelity test holds both against each other.
import { type Fields, equal, isFields } from "../json.ts";
import { type FieldSet, leaf, node, none, union } from "./fieldset.ts";
import type { Schema } from "./schema.ts";

/** Whether a value is a leaf: it has one owner as a whole. */
const isLeaf = (value: unknown, schema: Schema): boolean =>
  Array.isArray(value)
    ? schema.keys === undefined && schema.set !== true
    : !isFields(value) || schema.atomic === true;

const itemSchema = (schema: Schema): Schema => schema.items ?? schema;

/** The step that leads to a list item. */
function stepOf(item: unknown, { keys }: Schema): string {
  if (keys === undefined || !isFields(item)) return `v:${JSON.stringify(item)}`;
  const key = keys.flatMap(({ name, absent }) => {
    const value = item[name] ?? absent;
    return value === undefined ? [] : [[name, value] as const];
  });
  return `k:${JSON.stringify(Object.fromEntries(key))}`;
}

interface Child {
  readonly step: string;
  readonly value: unknown;
  readonly schema: Schema;
}

/** What a map or a list of separately owned items holds. */
function childrenOf(value: unknown, schema: Schema): readonly Child[] {
  if (Array.isArray(value)) {
    const inner = itemSchema(schema);
    return value.map((item) => ({ step: stepOf(item, schema), value: item, schema: inner }));
  }
  if (!isFields(value)) return [];
  return Object.entries(value).map(([name, field]) => ({
    step: `f:${name}`,
    value: field,
    schema: schema.field(name),
  }));
}

const isEmptyMap = (value: unknown): boolean => isFields(value) && Object.keys(value).length === 0;

/** The paths that a configuration sets: what its applier owns. */
export function fieldSetOf(value: unknown, schema: Schema): FieldSet {
  if (isLeaf(value, schema)) return leaf;
  return node(
    false,
    childrenOf(value, schema).map((child) => {
      const { member, children } = fieldSetOf(child.value, child.schema);
      const isItem = !child.step.startsWith("f:");
      return [child.step, { member: member || isItem || isEmptyMap(child.value), children }] as const;
    }),
  );
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const same: Comparison = { added: none, modified: none, removed: none };
const isEmptyCollection = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) ? value.length === 0 : isFields(value) && Object.keys(value).length === 0);

/** What it takes to get from one value to another; undefined is absent. */
export function compare(before: unknown, after: unknown, schema: Schema): Comparison {
  if (before === after) return same;
  const one = after === undefined ? before : after;
  const bothEmpty = isEmptyCollection(before) && isEmptyCollection(after);
  const mixed = Array.isArray(before) !== Array.isArray(after) && before !== undefined && after !== undefined;
  if (isLeaf(one, schema) || bothEmpty || (mixed && before !== null)) return compareLeaves(before, after);
  const parts = compareChildren(before, after, schema);
  const collect = (kind: keyof Comparison, member: boolean): FieldSet =>
    node(
      member,
      parts.map(([step, part]) => [step, part[kind]]),
    );
  return {
    added: collect("added", before === undefined),
    modified: collect("modified", false),
    removed: collect("removed", after === undefined),
  };
}

function compareLeaves(before: unknown, after: unknown): Comparison {
  if (before === undefined) return { ...same, added: leaf };
  if (after === undefined) return { ...same, removed: leaf };
  return equal(before, after) ? same : { ...same, modified: leaf };
}

function compareChildren(before: unknown, after: unknown, schema: Schema): [string, Comparison][] {
  const left = new Map(childrenOf(before, schema).map((child) => [child.step, child]));
  const right = new Map(childrenOf(after, schema).map((child) => [child.step, child]));
  return [...new Set([...left.keys(), ...right.keys()])].map((step) => {
    const [a, b] = [left.get(step), right.get(step)];
    return [step, compare(a?.value, b?.value, (b ?? a)?.schema ?? schema)];
  });
}

/** The live value with a configuration laid over it. */
export function merge(live: unknown, config: unknown, schema: Schema): unknown {
  if (config === undefined) return live;
  if (live === undefined || live === null || isLeaf(config, schema) || isLeaf(live, schema)) return config;
  if (Array.isArray(config)) return Array.isArray(live) ? mergeLists(live, config, schema) : config;
  if (!isFields(live) || !isFields(config)) return config;
  const merged: Record<string, unknown> = { ...live };
  for (const [name, value] of Object.entries(config))
    merged[name] = merge(live[name], value, schema.field(name));
  return merged;
}

/** The configuration's order, with the live list's other items where they stood between. */
function mergeLists(live: readonly unknown[], config: readonly unknown[], schema: Schema): unknown[] {
  const steps = {
    live: live.map((item) => stepOf(item, schema)),
    config: config.map((item) => stepOf(item, schema)),
  };
  const liveByStep = new Map(live.map((item, i) => [steps.live[i], item]));
  const wanted = new Set(steps.config);
  const shared = steps.config.filter((step) => liveByStep.has(step));
  const merged = new Map<string, unknown>();
  let [l, r] = [0, 0];
  while (l < live.length || r < config.length) {
    const left = steps.live[l];
    const right = steps.config[r];
    if (left !== undefined && !wanted.has(left)) {
      merged.set(left, live[l]);
      l += 1;
    } else if (
      left !== undefined &&
      (merged.has(left) || right === undefined || (left !== right && left !== shared[0]))
    ) {
      l += 1;
    } else if (right !== undefined) {
      merged.set(right, merge(liveByStep.get(right), config[r], itemSchema(schema)));
      if (shared[0] === right) shared.shift();
      r += 1;
    }
  }
  return [...merged.values()];
}

/** The value without what is at the given paths; a map or list that is left empty stays, empty. */
export function remove(value: unknown, paths: FieldSet, schema: Schema): unknown {
  if (paths.children.size === 0 || isLeaf(value, schema)) return value;
  const kept = childrenOf(value, schema).flatMap(
    ({ step, value: inner, schema: type }): [string, unknown][] => {
      const path = paths.children.get(step);
      if (path?.member === true) return [];
      return [[step.slice(2), path === undefined ? inner : remove(inner, path, type)]];
    },
  );
  if (!Array.isArray(value)) return Object.fromEntries(kept) satisfies Fields;
  return kept.map(([, item]) => item);
}

/** All that the given sets hold. */
export const unionOf = (sets: Iterable<FieldSet>): FieldSet => [...sets].reduce(union, none);
