import { deploymentName, serviceName, tracks } from "../api/names.ts";
import type { Action } from "../core/action.ts";
import { canonical } from "../core/hash.ts";
import type { Refusal } from "../core/observed.ts";
import { objectKey } from "../runtime/kubernetes.ts";
import { objectId } from "../runtime/noopapplies.ts";
import type { RepeatLimit } from "../runtime/repeatlimit.ts";

/** The identities of the objects that the operator repairs, by the app's `namespace/name`. */
export function repairedObjects(app: string): readonly string[] {
  const [namespace = "", name = ""] = app.split("/");
  return [
    ...tracks.map((track) => `Deployment/${objectKey(namespace, deploymentName(name, track))}`),
    `Service/${objectKey(namespace, serviceName(name))}`,
  ];
}

/** The content of a repair: the desired object, or nothing if the repair only takes over fields. */
function contentOf(repair: readonly Action[]): string {
  const apply = repair.find((write) => write.do === "apply");
  if (apply === undefined) return "";
  const { resourceVersion: _, ...metadata } = apply.object.metadata;
  return canonical({ ...apply.object, metadata });
}

/** The repairs that another writer reverts again and again. */
export interface Contested {
  /** One refusal for each object. */
  readonly refusals: readonly Refusal[];
  /** The writes that are not made now. */
  readonly withheld: ReadonlySet<Action>;
}

/** Finds the contested repairs among the writes. A take-over and the apply after it are one repair. */
export function contestedRepairs(writes: readonly Action[], repairs: RepeatLimit): Contested {
  const refusals: Refusal[] = [];
  const withheld = new Set<Action>();
  const reverting = writes.filter(({ revertedManager }) => revertedManager !== undefined);
  for (const [id, repair] of Map.groupBy(reverting, ({ object }) => objectId(object))) {
    const { isAllowed, isContested } = repairs.take(id, contentOf(repair));
    const [first] = repair;
    if (first === undefined || !isContested) continue;
    const { object, scope, revertedManager: contestedBy = "" } = first;
    refusals.push({
      object: `${object.kind}/${object.metadata.name}`,
      scope,
      status: 0,
      message: "",
      contestedBy,
    });
    if (!isAllowed) for (const write of repair) withheld.add(write);
  }
  return { refusals, withheld };
}
