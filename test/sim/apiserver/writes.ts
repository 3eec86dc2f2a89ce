import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import type { Clock } from "../../../operator/runtime/clock.ts";
import { type Fields, compact, equal, fieldsOf } from "./json.ts";
import { type Kind, invalidValue } from "./kinds/kind.ts";
import { type FieldSet, none, ofFields } from "./managed/fieldset.ts";
import { type Writer, withTimesOf } from "./managed/managers.ts";
import {
  ApplyConflict,
  type Change,
  applyConfiguration,
  everythingBut,
  recordUpdate,
} from "./managed/ownership.ts";
import { Refusal, alreadyExists, applyConflict, conflict, forbidden, invalid } from "./refusal.ts";
import type { Store } from "./store.ts";

/** A write on its way in, for what may refuse it. */
export interface Admission {
  readonly operation: "create" | "update" | "delete";
  readonly kind: Kind;
  readonly subresource: string | undefined;
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
}
/** Says why a write is forbidden, or nothing. */
export type Admit = (admission: Admission) => string | undefined;
/** Changes what is stored, after defaults and ownership, as the server's allocators do. */
export type Allocate = (kind: Kind, object: KubeObject, before: KubeObject | undefined) => KubeObject;

export interface WritesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly admit: Admit;
  readonly allocate: Allocate;
}

/** Who writes where. */
export interface WriteContext {
  readonly kind: Kind;
  readonly manager: string;
  readonly subresource?: string | undefined;
}

export const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** How every write ends: completed, validated, admitted, its owners recorded, stored. */
export class Writes {
  readonly #options: WritesOptions;

  constructor(options: WritesOptions) {
    this.#options = options;
  }

  /** Stores a new object; `config` is given if it was applied. */
  create(context: WriteContext, given: KubeObject, config?: Fields): KubeObject {
    const { kind } = context;
    const { store, clock } = this.#options;
    const { resourceVersion: _, uid: __, managedFields: ___, ...metadata } = given.metadata;
    if (store.get(kind, metadata.namespace, metadata.name) !== undefined)
      throw alreadyExists(kind, metadata.name);
    const { status: ____, ...content } = given;
    const object = kind.complete({
      ...(kind.hasStatus ? content : given),
      metadata: compact({
        ...metadata,
        uid: crypto.randomUUID(),
        generation: kind.isNewGeneration === undefined ? undefined : 1,
        creationTimestamp: timestamp(clock.now()),
      }) as unknown as KubeObject["metadata"],
    });
    this.#validate(kind, object, undefined);
    this.#admit({ operation: "create", kind, subresource: undefined, object, before: undefined });
    const empty = kind.empty as unknown as KubeObject;
    const recorded =
      config === undefined
        ? recordUpdate(empty, object, this.#change(context, "Update"))
        : this.#own(object, applied(empty, config, { ...this.#change(context, "Apply"), force: true }));
    return store.put(kind, this.#options.allocate(kind, recorded, undefined));
  }

  /** Stores a changed object on behalf of an updater. */
  update(context: WriteContext, before: KubeObject, given: KubeObject): KubeObject {
    const owned = context.subresource === undefined ? this.#own(before, claimed(before, given)) : before;
    const after = this.#own(this.#prepared(context, before, given), owned);
    return this.#store(context, before, recordUpdate(owned, after, this.#change(context, "Update")));
  }

  /** Lays an applied configuration over the object. */
  apply(context: WriteContext & { force: boolean }, before: KubeObject, config: Fields): KubeObject {
    const { resourceVersion } = fieldsOf(config["metadata"]);
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
      throw conflict(context.kind, before.metadata.name);
    const merged = applied(before, config, { ...this.#change(context, "Apply"), force: context.force });
    return this.#store(context, before, this.#own(this.#prepared(context, before, merged), merged));
  }

  /** `object` with the managers of `owned`. */
  #own(object: KubeObject, { metadata: { managedFields } }: KubeObject): KubeObject {
    const metadata = compact({ ...object.metadata, managedFields }) as unknown as KubeObject["metadata"];
    return { ...object, metadata };
  }

  /** What may change at this endpoint, completed and checked. */
  #prepared({ kind, subresource }: WriteContext, before: KubeObject, given: KubeObject): KubeObject {
    checkIdentity(kind, before, given);
    const { uid, creationTimestamp, generation, deletionTimestamp, managedFields, name } = before.metadata;
    const fixed = { name, uid, creationTimestamp, generation, deletionTimestamp, managedFields };
    const grace = (before.metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds;
    const namespace = before.metadata.namespace;
    const own = { ...given.metadata, ...fixed, namespace, deletionGracePeriodSeconds: grace };
    const metadata = compact({ ...own, resourceVersion: undefined }) as unknown as KubeObject["metadata"];
    const { status: _, ...content } = given;
    const { status } = before;
    const written =
      subresource === "status"
        ? {
            ...withStatusOf(before, given),
            ...(!kind.isCustom && { metadata: annotated(before, given) }),
          }
        : { ...content, ...(kind.hasStatus ? status !== undefined && { status } : given), metadata };
    const object = kind.complete(written);
    this.#validate(kind, object, before);
    return object;
  }

  #store({ kind, subresource }: WriteContext, before: KubeObject, after: KubeObject): KubeObject {
    const { store, allocate } = this.#options;
    const { resourceVersion } = before.metadata;
    const allocated = allocate(kind, after, before);
    const isNew = subresource !== "status" && kind.isNewGeneration?.(before, allocated) === true;
    const generation = (before.metadata.generation ?? 1) + 1;
    const metadata = {
      ...allocated.metadata,
      ...(isNew && { generation }),
      ...(resourceVersion && { resourceVersion }),
    };
    const object = { ...allocated, metadata };
    // A write that changes no more than the time of writing is none.
    if (isSameContent(before, object) && equal(before, withTimesOf(object, before))) return before;
    this.#admit({ operation: "update", kind, subresource, object, before });
    const isDone =
      object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0;
    const isGraceful = (metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds ?? 0;
    if (!isDone || isGraceful > 0) return store.put(kind, object);
    // The last finalizer is gone, and the object with it: the answer shows no version of its own.
    store.remove(kind, object);
    return object;
  }

  #validate(kind: Kind, object: KubeObject, before: KubeObject | undefined): void {
    const causes = kind.validate(object, before);
    if (causes.length > 0) throw invalid(kind, object.metadata.name, causes);
  }

  #admit(admission: Admission): void {
    const why = this.#options.admit(admission);
    if (why !== undefined) throw forbidden(admission.kind, admission.object.metadata.name, why);
  }

  #change({ kind, manager, subresource }: WriteContext, operation: Writer["operation"]): Change {
    const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    const writer = { manager, operation, apiVersion, subresource };
    const time = timestamp(this.#options.clock.now());
    return { schema: kind.schema, writer, time, ignored: ignoredAt(kind, subresource) };
  }
}

const statusOnly = everythingBut("status", ["metadata", "spec", "data"]);
const notStatus = ofFields(
  ["spec"],
  ["metadata", "labels"],
  ["metadata", "ownerReferences"],
  ["metadata", "finalizers"],
);

/** At the status endpoint of a built-in kind, annotations may be written too: controllers do. */
function annotated({ metadata }: KubeObject, given: KubeObject): KubeObject["metadata"] {
  const { annotations: _, ...rest } = metadata;
  const { annotations } = given.metadata;
  return annotations === undefined ? rest : { ...rest, annotations };
}

/** The cheap part of the question whether anything changed. */
const isSameContent = (before: KubeObject, after: KubeObject): boolean =>
  Object.keys(after).every((field) => field === "metadata" || equal(before[field], after[field]));

/** Whose managers count: an updater may write them as well, as client-go's csaupgrade does. */
const claimed = (before: KubeObject, given: KubeObject): KubeObject =>
  (given.metadata.managedFields ?? []).length > 0 ? given : before;

/** A status that was taken away is not there, rather than undefined. */
function withStatusOf(before: KubeObject, { status }: KubeObject): KubeObject {
  const { status: _, ...rest } = before;
  return { ...rest, ...(status !== undefined && { status }) };
}

/** Fields that a write at an endpoint has no part in. */
const ignoredAt = (kind: Kind, subresource: string | undefined): FieldSet => {
  if (subresource === "status") return kind.isCustom ? statusOnly : notStatus;
  return kind.hasStatus ? ofFields(["status"]) : none;
};

function applied(live: KubeObject, config: Fields, change: Change & { force: boolean }): KubeObject {
  try {
    return applyConfiguration(live, config, change);
  } catch (error) {
    throw error instanceof ApplyConflict ? applyConflict(error) : error;
  }
}

function checkIdentity(kind: Kind, before: KubeObject, { metadata }: KubeObject): void {
  const { name, uid, resourceVersion } = before.metadata;
  if (metadata.uid !== undefined && metadata.uid !== uid)
    throw conflict(
      kind,
      name,
      `StorageError: invalid object, Code: 4, Key: /registry/${kind.plural}/${before.metadata.namespace}/${name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`,
    );
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== resourceVersion)
    throw conflict(kind, name);
  if (metadata.name !== name)
    throw new Refusal(
      invalid(kind, name, [invalidValue("metadata.name", metadata.name, "field is immutable")]).status,
    );
}
