import { deploymentName, previewName, serviceName, tracks } from "../api/names.ts";
import type { Action } from "../core/action.ts";
import { canonical } from "../core/hash.ts";
import type { Refusal } from "../core/observed.ts";
import type { Clock } from "../runtime/clock.ts";
import { objectKey } from "../runtime/kubernetes.ts";
import { objectId } from "../runtime/noopapplies.ts";
import { RepeatLimit } from "../runtime/repeatlimit.ts";

/** The identities of the objects that the operator repairs, by the app's `namespace/name`. */
export function repairedObjects(app: string): readonly string[] {
  const [namespace = "", name = ""] = app.split("/");
  return [
    ...tracks.map((track) => `Deployment/${objectKey(namespace, deploymentName(name, track))}`),
    `Service/${objectKey(namespace, serviceName(name))}`,
    `Service/${objectKey(namespace, previewName(name))}`,
  ];
}

/**
 * A repair's content: the desired spec and the reverted one, so that neither another manual change nor another version is
 * limited. The metadata has the progress of a rollout, which changes with the pods.
 */
const contentOf = ({ object, reverts }: Action): string => canonical([object["spec"], reverts?.spec]);

/** The repairs that another writer reverts again and again. */
export interface Contested {
  /** One refusal for each object. */
  readonly refusals: readonly Refusal[];
  /** The writes that are not made now. */
  readonly withheld: ReadonlySet<Action>;
}

/** Limits the repairs of objects that another writer changes after each repair. */
export class Repairs {
  readonly #limit: RepeatLimit;
  /** The refusal of the last repair of each contested object: reported also while the object is as desired. */
  readonly #refusals = new Map<string, Refusal>();

  constructor(clock: Clock) {
    this.#limit = new RepeatLimit(clock);
  }

  /** Finds the contested repairs of an app, by its `namespace/name`. A take-over and the apply after it are one repair. */
  contested(app: string, writes: readonly Action[]): Contested {
    const withheld = new Set<Action>();
    const reverting = writes.filter(({ reverts }) => reverts !== undefined);
    for (const [id, repair] of Map.groupBy(reverting, ({ object }) => objectId(object))) {
      const apply = repair.find((write) => write.do === "apply");
      if (apply !== undefined && !this.#limit.isAllowed(id, contentOf(apply)))
        for (const write of repair) withheld.add(write);
    }
    const refusals = repairedObjects(app).flatMap((id) => {
      if (!this.#limit.isContested(id)) this.#refusals.delete(id);
      return this.#refusals.get(id) ?? [];
    });
    return { refusals, withheld };
  }

  /** Counts a write that was made, if it is a repair. */
  count(write: Action): void {
    const { object, scope, reverts } = write;
    if (write.do !== "apply" || reverts === undefined) return;
    const id = objectId(object);
    this.#limit.count(id, contentOf(write));
    const name = `${object.kind}/${object.metadata.name}`;
    this.#refusals.set(id, { object: name, scope, status: 0, message: "", contestedBy: reverts.manager });
  }

  /** Drops the records of a deleted app. */
  forget(app: string): void {
    for (const id of repairedObjects(app)) {
      this.#limit.forget(id);
      this.#refusals.delete(id);
    }
  }
}
