// The algorithms of structured-merge-diff, the library behind server-side apply, including its peculiarities. The
// fidelity test compares the results with a real API server.
import { type Fields, equal, fieldsOf, isFields } from "../json.ts";
import { type FieldSet, pathBelow } from "./fieldset.ts";
import { propertyOf } from "./schema.ts";

/** The fields that identify an item of a list, in alphabetical order; undefined if items have no key. */
const keysOf = (schema: Fields): readonly string[] | undefined => {
  const keys = schema["x-kubernetes-list-type"] === "map" ? schema["x-kubernetes-list-map-keys"] : undefined;
  return Array.isArray(keys) ? keys.map(String).sort() : undefined;
};

/** True if a value has one owner as a whole: scalars, atomic maps, and lists without keys that are no sets. */
const isLeaf = (value: unknown, schema: Fields): boolean =>
  Array.isArray(value)
    ? keysOf(schema) === undefined && schema["x-kubernetes-list-type"] !== "set"
    : !isFields(value) || schema["x-kubernetes-map-type"] === "atomic";

/** The step of a path that leads to a list item. */
function stepOf(item: unknown, list: Fields): string {
  const keys = keysOf(list);
  if (keys === undefined || !isFields(item)) return `v:${JSON.stringify(item)}`;
  const absent = (name: string): unknown => propertyOf(fieldsOf(list["items"]), name)?.["default"];
  return `k:${JSON.stringify(Object.fromEntries(keys.map((name) => [name, item[name] ?? absent(name)])))}`;
}

interface Node {
  readonly value: unknown;
  readonly schema: Fields;
  readonly path: string;
}

const rootOf = (value: unknown, schema: Fields): Node => ({ value, schema, path: "" });

/** The fields of a map or the separately owned items of a list. */
function childrenOf({ value, schema, path }: Node): readonly Node[] {
  if (Array.isArray(value))
    return value.map((item: unknown) => ({
      value: item,
      schema: fieldsOf(schema["items"]),
      path: pathBelow(path, stepOf(item, schema)),
    }));
  return Object.entries(fieldsOf(value)).map(([name, field]) => ({
    value: field,
    schema: propertyOf(schema, name) ?? {},
    path: pathBelow(path, `f:${name}`),
  }));
}

const isEmptyCollection = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) ? value.length === 0 : isFields(value) && Object.keys(value).length === 0);

/** The paths that a configuration sets: its applier owns them. */
export function fieldSetOf(value: unknown, schema: Fields): FieldSet {
  const set = new Set<string>();
  const visit = (node: Node, isItem: boolean): void => {
    const isEmptyMap = isFields(node.value) && isEmptyCollection(node.value);
    if (isItem || isEmptyMap || isLeaf(node.value, node.schema)) set.add(node.path);
    if (isLeaf(node.value, node.schema)) return;
    for (const child of childrenOf(node)) visit(child, Array.isArray(node.value));
  };
  for (const child of childrenOf(rootOf(value, schema))) visit(child, false);
  return set;
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** The paths in which two objects differ. */
export function compare(before: unknown, after: unknown, schema: Fields): Comparison {
  const [added, modified, removed] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const visit = (old: Node | undefined, now: Node | undefined): void => {
    const { path, schema: type, value } = now ?? old ?? rootOf(undefined, schema);
    const [was, is] = [old?.value, now?.value];
    if (was === is) return;
    if (was === undefined) added.add(path);
    if (is === undefined) removed.add(path);
    const bothEmpty = isEmptyCollection(was) && isEmptyCollection(is);
    const isMixed = Array.isArray(was) !== Array.isArray(is) && was !== undefined && is !== undefined;
    if (isLeaf(value, type) || bothEmpty || (isMixed && was !== null)) {
      if (was !== undefined && is !== undefined && !equal(was, is)) modified.add(path);
      return;
    }
    const left = new Map((old ? childrenOf(old) : []).map((child) => [child.path, child]));
    const right = new Map((now ? childrenOf(now) : []).map((child) => [child.path, child]));
    for (const [at, child] of left) visit(child, right.get(at));
    for (const [at, child] of right) if (!left.has(at)) visit(undefined, child);
  };
  visit(rootOf(before, schema), rootOf(after, schema));
  return { added, modified, removed };
}

/** The live value with a configuration laid over it. */
export function merge(live: unknown, config: unknown, schema: Fields): unknown {
  if (config === undefined) return live;
  if (live === undefined || live === null || isLeaf(config, schema) || isLeaf(live, schema)) return config;
  if (Array.isArray(config)) return Array.isArray(live) ? mergeLists(live, config, schema) : config;
  if (!isFields(live) || !isFields(config)) return config;
  const merged: Record<string, unknown> = { ...live };
  for (const [name, value] of Object.entries(config))
    merged[name] = merge(live[name], value, propertyOf(schema, name) ?? {});
  return merged;
}

/** The configuration's order; items that only the live list has keep their place between its other items. */
function mergeLists(live: readonly unknown[], config: readonly unknown[], schema: Fields): unknown[] {
  const liveSteps = live.map((item) => stepOf(item, schema));
  const configSteps = config.map((item) => stepOf(item, schema));
  const liveItems = new Map(liveSteps.map((step, i) => [step, live[i]]));
  const shared = configSteps.filter((step) => liveItems.has(step));
  const merged = new Map<string, unknown>();
  let [l, r] = [0, 0];
  while (l < live.length || r < config.length) {
    const left = liveSteps[l];
    const right = configSteps[r];
    if (left !== undefined && !configSteps.includes(left)) {
      merged.set(left, live[l]);
      l += 1;
    } else if (
      left !== undefined &&
      (merged.has(left) || right === undefined || (left !== right && left !== shared[0]))
    ) {
      l += 1;
    } else if (right !== undefined) {
      merged.set(right, merge(liveItems.get(right), config[r], fieldsOf(schema["items"])));
      if (shared[0] === right) shared.shift();
      r += 1;
    }
  }
  return [...merged.values()];
}

/** The value without the given paths; a map or list that loses all its content stays, empty. */
export function remove(value: unknown, paths: FieldSet, schema: Fields): unknown {
  if (paths.size === 0) return value;
  const visit = (node: Node): unknown => {
    if (isLeaf(node.value, node.schema)) return node.value;
    const kept = childrenOf(node).filter(({ path }) => !paths.has(path));
    if (Array.isArray(node.value)) return kept.map(visit);
    return Object.fromEntries(kept.map((child) => [child.path.slice(node.path.length + 3), visit(child)]));
  };
  return visit(rootOf(value, schema));
}
