import { type Fields, fieldOf, isFields } from "./manifest.ts";

/** The key of a list item: some of the item's fields, or the whole item of a set. */
export type ItemKey = { readonly key: Fields } | { readonly value: unknown };

/** Key fields that an applied item may omit, with their defaults. */
const keyDefaults: Fields = { protocol: "TCP" };

/** The value of a field that is part of the key of a list item. */
const keyFieldOf = (item: Fields, name: string): unknown => fieldOf(item, name) ?? fieldOf(keyDefaults, name);

/** The key of an item, made of the named fields. */
export const keyOf = (item: Fields, names: readonly string[]): ItemKey => ({
  key: Object.fromEntries(names.map((name) => [name, keyFieldOf(item, name)])),
});

/** The items of a list by the text of their key; the first of several items with one key. */
type Index = ReadonlyMap<string, unknown>;

/** Up to this length, a search costs less than an index. */
const maxSearched = 16;
/**
 * Most kinds of key, such as `name` or `containerPort, protocol`, by which one list is indexed. The API server writes
 * one or two. Field sets written by hand can name any number, and each kind takes a pass over the list.
 */
const maxKinds = 8;

/** Indexes of long lists by the kind of key. Comparing two lists without them takes quadratic time. */
const indexes = new WeakMap<readonly unknown[], Map<string, Index>>();

/** The names of the key's fields; undefined for a set. */
const namesOf = (key: ItemKey): readonly string[] | undefined =>
  "key" in key ? Object.keys(key.key) : undefined;

/** One text for each key that an item can have; undefined for an item without such a key. */
function keyText(item: unknown, names: readonly string[] | undefined): string | undefined {
  if (names === undefined) return JSON.stringify(item);
  return isFields(item) ? JSON.stringify(names.map((name) => keyFieldOf(item, name))) : undefined;
}

function indexOf(list: readonly unknown[], names: readonly string[] | undefined): Index {
  const index = new Map<string, unknown>();
  for (const item of list) {
    const text = keyText(item, names);
    if (text !== undefined && !index.has(text)) index.set(text, item);
  }
  return index;
}

/** The index of a list by one kind of key; undefined beyond `maxKinds`. */
function knownIndexOf(list: readonly unknown[], names: readonly string[] | undefined): Index | undefined {
  const known = indexes.get(list) ?? new Map<string, Index>();
  indexes.set(list, known);
  const kind = JSON.stringify(names) ?? "";
  const index = known.get(kind) ?? (known.size < maxKinds ? indexOf(list, names) : undefined);
  if (index !== undefined) known.set(kind, index);
  return index;
}

const hasKey = (item: unknown, key: ItemKey): boolean =>
  "key" in key
    ? isFields(item) &&
      Object.keys(key.key).every((name) => keyFieldOf(item, name) === keyFieldOf(key.key, name))
    : item === key.value;

/** The first item of a list that has the key; undefined if none has. The list must never change. */
export function itemAt(list: readonly unknown[], key: ItemKey): unknown {
  if (list.length <= maxSearched) return list.find((item) => hasKey(item, key));
  const names = namesOf(key);
  const text = keyText("key" in key ? key.key : key.value, names);
  return text === undefined ? undefined : knownIndexOf(list, names)?.get(text);
}
