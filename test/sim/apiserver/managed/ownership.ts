import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";
import { type Fields, equal } from "../json.ts";
import {
  type FieldSet,
  difference,
  intersection,
  isEmpty,
  leaf,
  none,
  pathsOf,
  union,
  withParents,
} from "./fieldset.ts";
import {
  type Manager,
  type Managers,
  type Writer,
  identityOf,
  managersOf,
  owned,
  withManagers,
} from "./managers.ts";
import type { Schema } from "./schema.ts";
import { type Comparison, compare, fieldSetOf, merge, remove, unionOf } from "./typed.ts";

/** What a write is about. */
export interface Change {
  readonly schema: Schema;
  readonly writer: Writer;
  /** RFC 3339. */
  readonly time: string;
  /** Fields that the endpoint does not write: status at the object's own, all but status at /status. */
  readonly ignored: FieldSet;
}

export interface Conflict {
  readonly manager: Manager;
  readonly fields: readonly string[];
}

/** Others own what an apply would change. */
export class ApplyConflict extends Error {
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    super("apply conflict");
    this.conflicts = conflicts;
  }
}

/** Takes from the others what is changed, and forgets what is removed. */
function yieldTo(
  managers: Managers,
  writer: string,
  { added, modified, removed }: Comparison,
): Map<string, Manager> {
  const taken = union(union(added, modified), removed);
  return new Map(
    [...managers].map(([id, one]) => {
      const set = id === writer ? one.set : difference(one.set, taken);
      return [id, isEmpty(intersection(one.set, taken)) || id === writer ? one : { ...one, set }];
    }),
  );
}

function filtered(comparison: Comparison, ignored: FieldSet): Comparison {
  const { added, modified, removed } = comparison;
  return {
    added: owned(added, ignored),
    modified: owned(modified, ignored),
    removed: owned(removed, ignored),
  };
}

/**
 * Records a create, update or patch: the writer owns what it changed, and nobody owns what it removed.
 * `before` is the kind's empty object when it is a creation.
 */
export function recordUpdate(before: KubeObject, after: KubeObject, change: Change): KubeObject {
  const { schema, writer, time, ignored } = change;
  const managers = managersOf(before);
  const comparison = filtered(compare(before, after, schema), ignored);
  const id = identityOf(writer);
  const others = yieldTo(managers, "", comparison);
  const taken = union(comparison.added, comparison.modified);
  if (isEmpty(taken)) return withManagers(after, others);
  const previous = others.get(id)?.set ?? none;
  // The scale endpoint writes no times.
  const isScale = writer.subresource === "scale";
  others.set(id, { ...writer, time: isScale ? undefined : time, set: union(previous, taken) });
  return withManagers(after, others);
}

/** Lays a configuration over the live object, as server-side apply does. Throws ApplyConflict unless forced. */
export function applyConfiguration(
  live: KubeObject,
  config: Fields,
  change: Change & { force: boolean },
): KubeObject {
  const { schema, writer, time, ignored, force } = change;
  const managers = managersOf(live);
  const id = identityOf(writer);
  const last = managers.get(id);
  const set = owned(fieldSetOf(config, schema), ignored);
  const applied: Manager = { ...writer, time: last?.time, set };
  const all = new Map([...managers, [id, applied]]);
  const merged = merge(live, config, schema);
  const result = prune({ merged, last: last?.set ?? none, all, schema }) as KubeObject;
  const comparison = filtered(compare(live, result, schema), ignored);
  if (!force) refuseConflicts(all, id, comparison);
  const after = yieldTo(all, id, comparison);
  // The time is that of the last change of the object: applying what is there already has none.
  const isChange = !equal(live, result);
  after.set(id, { ...applied, time: isChange ? time : last?.time });
  return withManagers(result, after);
}

function refuseConflicts(managers: Managers, writer: string, { added, modified }: Comparison): void {
  const changed = union(added, modified);
  const conflicts = [...managers].flatMap(([id, manager]) => {
    const fields = id === writer ? [] : pathsOf(intersection(manager.set, changed));
    return fields.length === 0 ? [] : [{ manager, fields }];
  });
  if (conflicts.length > 0) throw new ApplyConflict(conflicts);
}

interface Pruning {
  readonly merged: unknown;
  readonly last: FieldSet;
  readonly all: Managers;
  readonly schema: Schema;
}

/** Removes what the applier set before and no longer does, unless someone else owns it. */
function prune({ merged, last, all, schema }: Pruning): unknown {
  const managed = unionOf([...all.values()].map(({ set }) => set));
  if (isEmpty(difference(last, managed))) return merged;
  const setOf = (value: unknown): FieldSet => withParents(fieldSetOf(value, schema));
  const everything = setOf(merged);
  const bare = remove(merged, withParents(last), schema);
  const kept = union(setOf(bare), withParents(managed));
  const pruned = remove(merged, difference(everything, kept), schema);
  const dangling = intersection(difference(everything, setOf(pruned)), withParents(last));
  return remove(merged, dangling, schema);
}

/** What only /status may not write, and what only the object itself may not. */
export const everythingBut = (field: string, fields: readonly string[]): FieldSet => ({
  member: false,
  children: new Map(fields.filter((one) => one !== field).map((one) => [`f:${one}`, leaf])),
});
