import type { Clock } from "../../../operator/runtime/clock.ts";
import type { DeleteOptions, KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { fieldsOf, numberOf, textOf, withMetadata } from "./json.ts";
import { type Kind, keyOf } from "./kinds/kind.ts";
import { conflict } from "./refusal.ts";
import type { Store } from "./store.ts";
import { timestamp } from "./writes.ts";

export interface Deletion extends DeleteOptions {
  readonly gracePeriodSeconds?: number;
}

interface Deleted {
  readonly object: KubeObject;
  /** False while a finalizer or the grace period of a pod keeps the object. */
  readonly gone: boolean;
}

export const hasEnded = (pod: KubeObject): boolean =>
  ["Succeeded", "Failed"].includes(textOf(fieldsOf(pod["status"])["phase"]));

/** Seconds that a running pod has to stop; 0 for all other objects. */
function graceSeconds(kind: Kind, object: KubeObject, { gracePeriodSeconds }: Deletion): number {
  const spec = fieldsOf(object["spec"]);
  if (keyOf(kind) !== "pods." || spec["nodeName"] === undefined || hasEnded(object)) return 0;
  return gracePeriodSeconds ?? numberOf(spec["terminationGracePeriodSeconds"], 30);
}

function checkPreconditions(kind: Kind, object: KubeObject, { preconditions = {} }: Deletion): void {
  const { name, uid, resourceVersion } = object.metadata;
  const check = (field: string, [expected, actual]: readonly (string | undefined)[], hint: string): void => {
    if (expected === undefined || expected === actual) return;
    const why = `the ${field} in the precondition (${expected}) does not match the ${field} in record (${actual}). ${hint}`;
    // This message names the kind; all other messages name the resource.
    throw conflict({ ...kind, plural: kind.kind }, name, why);
  };
  check("UID", [preconditions.uid, uid], "The object might have been deleted and then recreated");
  check(
    "ResourceVersion",
    [preconditions.resourceVersion, resourceVersion],
    "The object might have been modified",
  );
}

/**
 * Deletes an object. If finalizers or a pod's grace period keep the object, the server marks it as terminating instead.
 * Foreground deletion works like background deletion.
 */
export function deleteObject(
  { store, clock, kind }: { store: Store; clock: Clock; kind: Kind },
  object: KubeObject,
  options: Deletion,
): Deleted {
  checkPreconditions(kind, object, options);
  const { finalizers: present = [], deletionTimestamp, generation } = object.metadata;
  const orphan = options.propagationPolicy === "Orphan" ? ["orphan"] : [];
  const finalizers = [...new Set([...present, ...orphan])];
  const seconds = graceSeconds(kind, object, options);
  if (finalizers.length === 0 && seconds === 0) return { object: store.remove(kind, object), gone: true };
  if (deletionTimestamp !== undefined && finalizers.length === present.length) return { object, gone: false };
  const terminating = withMetadata(object, {
    deletionTimestamp: deletionTimestamp ?? timestamp(clock.now() + seconds * 1000),
    deletionGracePeriodSeconds: seconds,
    generation: generation === undefined ? undefined : generation + 1,
    finalizers: finalizers.length === 0 ? undefined : finalizers,
  });
  return { object: store.put(kind, terminating), gone: false };
}
