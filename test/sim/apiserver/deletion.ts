import type { Clock } from "../../../operator/runtime/clock.ts";
import type { DeleteOptions, KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, compact, fieldsOf, numberOf, textOf } from "./json.ts";
import { type Kind, keyOf } from "./kinds/kind.ts";
import { conflict } from "./refusal.ts";
import type { Store } from "./store.ts";
import { timestamp } from "./writes.ts";

export interface Deletion extends DeleteOptions {
  readonly gracePeriodSeconds?: number;
}

interface Deleted {
  readonly object: KubeObject;
  /** Whether it is gone, or only on its way. */
  readonly gone: boolean;
}

const policyFinalizers = {
  Orphan: "orphan",
  Foreground: "foregroundDeletion",
  Background: undefined,
} as const;

/** Seconds that a pod on a node has to end; nothing else waits. */
function graceOf(kind: Kind, object: KubeObject, { gracePeriodSeconds }: Deletion): number {
  const spec = fieldsOf(object["spec"]);
  const phase = textOf(fieldsOf(object["status"])["phase"]);
  if (keyOf(kind) !== "pods." || spec["nodeName"] === undefined || ["Succeeded", "Failed"].includes(phase))
    return 0;
  return gracePeriodSeconds ?? numberOf(spec["terminationGracePeriodSeconds"], 30);
}

function checkPreconditions(kind: Kind, object: KubeObject, { preconditions }: Deletion): void {
  const { name, uid, resourceVersion } = object.metadata;
  const wanted = { uid: preconditions?.uid, version: preconditions?.resourceVersion };
  // These messages name the kind, where others name the resource.
  const what = { ...kind, plural: kind.kind };
  if (wanted.uid !== undefined && wanted.uid !== uid)
    throw conflict(
      what,
      name,
      `the UID in the precondition (${wanted.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  if (wanted.version !== undefined && wanted.version !== resourceVersion)
    throw conflict(
      what,
      name,
      `the ResourceVersion in the precondition (${wanted.version}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
}

/** Deletes an object, or marks it if finalizers or a pod's grace period hold it. */
export function deleteObject(
  target: { store: Store; clock: Clock; kind: Kind },
  object: KubeObject,
  options: Deletion,
): Deleted {
  const { store, clock, kind } = target;
  checkPreconditions(kind, object, options);
  const policy = policyFinalizers[options.propagationPolicy ?? "Background"];
  const finalizers = [
    ...new Set([...(object.metadata.finalizers ?? []), ...(policy === undefined ? [] : [policy])]),
  ];
  const grace = graceOf(kind, object, options);
  if (finalizers.length === 0 && grace === 0) return { object: store.remove(kind, object), gone: true };
  const { deletionTimestamp, generation } = object.metadata;
  const isRepeated =
    deletionTimestamp !== undefined && finalizers.length === (object.metadata.finalizers ?? []).length;
  if (isRepeated) return { object, gone: false };
  const metadata: Fields = {
    ...object.metadata,
    deletionTimestamp: deletionTimestamp ?? timestamp(clock.now() + grace * 1000),
    deletionGracePeriodSeconds: grace,
    generation: generation === undefined ? undefined : generation + 1,
    finalizers: finalizers.length === 0 ? undefined : finalizers,
  };
  const marked = { ...object, metadata: compact(metadata) as unknown as KubeObject["metadata"] };
  return { object: store.put(kind, marked), gone: false };
}
