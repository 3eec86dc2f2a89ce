import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";
import { type Fields, equal } from "../json.ts";
import { applyConflict } from "../refusal.ts";
import { type FieldSet, none, textsOf, withParents } from "./fieldset.ts";
import {
  type Manager,
  type Managers,
  type Writer,
  identityOf,
  managersOf,
  owned,
  withManagers,
} from "./managers.ts";
import { type Comparison, compare, fieldSetOf, merge, remove } from "./typed.ts";

/** Who writes to which kind of object, and when. */
export interface WriteInfo {
  readonly schema: Fields;
  readonly writer: Writer;
  /** RFC 3339. */
  readonly time: string;
  /** Fields that the endpoint does not write: the status at the object, everything else at /status. */
  readonly ignored: FieldSet;
}

function compareOwned(before: unknown, after: unknown, { schema, ignored }: WriteInfo): Comparison {
  const { added, modified, removed } = compare(before, after, schema);
  return {
    added: owned(added, ignored),
    modified: owned(modified, ignored),
    removed: owned(removed, ignored),
  };
}

/** The managers after a change: all but the writer lose the fields that the writer changed or removed. */
function yieldTo(
  managers: Managers,
  writer: string,
  { added, modified, removed }: Comparison,
): Map<string, Manager> {
  const taken = added.union(modified).union(removed);
  return new Map(
    [...managers].map(([id, one]) => [
      id,
      id === writer || one.set.isDisjointFrom(taken) ? one : { ...one, set: one.set.difference(taken) },
    ]),
  );
}

/**
 * Records a create, update or patch: the writer owns the fields that it changed, and removed fields lose their owners.
 * `before` is the kind's empty object if the write creates the object.
 */
export function recordUpdate(before: KubeObject, after: KubeObject, write: WriteInfo): KubeObject {
  const { writer, time } = write;
  const comparison = compareOwned(before, after, write);
  const managers = yieldTo(managersOf(before), "", comparison);
  const taken = comparison.added.union(comparison.modified);
  if (taken.size === 0) return withManagers(after, managers);
  const id = identityOf(writer);
  const set = managers.get(id)?.set ?? none;
  // The scale endpoint writes no times.
  const isScale = writer.subresource === "scale";
  managers.set(id, {
    ...writer,
    time: isScale ? undefined : time,
    set: taken.isSubsetOf(set) ? set : set.union(taken),
  });
  return withManagers(after, managers);
}

/** Merges a configuration into the live object as server-side apply does. Without `force`, throws on conflicts. */
export function applyConfiguration(
  live: KubeObject,
  config: Fields,
  write: WriteInfo & { force: boolean },
): KubeObject {
  const { schema, writer, time, ignored, force } = write;
  const managers = managersOf(live);
  const id = identityOf(writer);
  const last = managers.get(id);
  const applied: Manager = { ...writer, time: last?.time, set: owned(fieldSetOf(config, schema), ignored) };
  const all = new Map([...managers, [id, applied]]);
  const merged = merge(live, config, schema);
  const result = prune(merged, { last: last?.set ?? none, all, schema }) as KubeObject;
  const comparison = compareOwned(live, result, write);
  if (!force) refuseConflicts(all, id, comparison);
  const after = yieldTo(all, id, comparison);
  // An apply that changes nothing keeps the time of the last change.
  after.set(id, { ...applied, time: equal(live, result) ? last?.time : time });
  return withManagers(result, after);
}

const textOf = ({ manager, subresource, apiVersion }: Writer): string =>
  `"${manager}"${subresource ? ` with subresource "${subresource}"` : ""} using ${apiVersion}`;

function refuseConflicts(managers: Managers, writer: string, { added, modified }: Comparison): void {
  const changed = added.union(modified);
  const conflicts = [...managers].flatMap(([id, manager]) => {
    const fields = id === writer ? [] : textsOf(manager.set.intersection(changed));
    return fields.length === 0 ? [] : [{ manager: textOf(manager), fields }];
  });
  if (conflicts.length > 0) throw applyConflict(conflicts);
}

/** Removes fields that the applier set before and no longer sets, unless another manager owns them. */
function prune(
  merged: unknown,
  { last, all, schema }: { last: FieldSet; all: Managers; schema: Fields },
): unknown {
  const managed = [...all.values()].reduce((union, { set }) => union.union(set), none);
  if (last.isSubsetOf(managed)) return merged;
  const setOf = (value: unknown): FieldSet => withParents(fieldSetOf(value, schema));
  const everything = setOf(merged);
  const bare = remove(merged, withParents(last), schema);
  const kept = setOf(bare).union(withParents(managed));
  const pruned = remove(merged, everything.difference(kept), schema);
  const dangling = everything.difference(setOf(pruned)).intersection(withParents(last));
  return remove(merged, dangling, schema);
}
