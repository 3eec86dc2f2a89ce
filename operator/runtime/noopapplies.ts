import { digestOf } from "./digest.ts";
import { type KubeObject, type ObjectInput, objectKey } from "./kubernetes.ts";

/** The identity of an object: `Kind/namespace/name`. */
export const objectId = ({ kind, metadata }: ObjectInput): string =>
  `${kind}/${objectKey(metadata.namespace, metadata.name)}`;

const contentOf = (object: ObjectInput, over: string): string =>
  `${over} ${digestOf(JSON.stringify(object))}`;

/**
 * No-op applies: live and desired object differ, but the apply left resourceVersion unchanged (a mutating webhook
 * reverts the difference). Skip them until either object changes, so that a steady state writes nothing.
 */
export class NoOpApplies {
  readonly #applies = new Map<string, string>();

  /** True if the same apply over the same live object changed nothing. `over`: the live object's resourceVersion, if any. */
  has(object: ObjectInput, over: string | undefined): boolean {
    return over !== undefined && this.#applies.get(objectId(object)) === contentOf(object, over);
  }

  /** Records the response to an apply. Returns true if the apply changed the object. */
  record(object: ObjectInput, over: string | undefined, response: KubeObject): boolean {
    const changed = over === undefined || response.metadata.resourceVersion !== over;
    if (changed) this.#applies.delete(objectId(object));
    else this.#applies.set(objectId(object), contentOf(object, over));
    return changed;
  }

  /** Drops the record of an object, by `objectId`. */
  forget(id: string): void {
    this.#applies.delete(id);
  }
}
