import type { Clock } from "../../../operator/runtime/clock.ts";
import { type KubeObject, apiVersionOf } from "../../../operator/runtime/kubernetes.ts";
import type { Admission, Admit, Allocate } from "./admission.ts";
import { type Fields, compact, equal, fieldsOf, withMetadata } from "./json.ts";
import { type Kind, invalidValue } from "./kinds/kind.ts";
import { type FieldSet, none, ofFields } from "./managed/fieldset.ts";
import { type Writer, withTimesOf } from "./managed/managers.ts";
import { type WriteInfo, applyConfiguration, recordUpdate } from "./managed/ownership.ts";
import { alreadyExists, conflict, forbidden, invalid } from "./refusal.ts";
import type { Store } from "./store.ts";

export interface WritesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly admit: Admit;
  readonly allocate: Allocate;
}

/** Who writes, and at which endpoint. */
export interface WriteContext {
  readonly kind: Kind;
  readonly manager: string;
  readonly subresource?: string | undefined;
}

/** RFC 3339 without fractions of a second. */
export const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** Completes, validates, admits and stores each written object, and records its field managers. */
export class Writes {
  readonly #options: WritesOptions;
  /** Objects whose status is the schema's default: it is not stored before the first update, even one without a change. */
  readonly #withDefaultStatus = new WeakSet<KubeObject>();

  constructor(options: WritesOptions) {
    this.#options = options;
  }

  /** Stores a new object; `config` is the applied configuration if an apply creates the object. */
  create(context: WriteContext, given: KubeObject, config?: Fields): KubeObject {
    const { kind } = context;
    const { store, clock } = this.#options;
    const { namespace, name } = given.metadata;
    if (store.get(kind, namespace, name) !== undefined) throw alreadyExists(kind, name);
    const { status: _, ...content } = given;
    const named = withMetadata(kind.hasStatus ? content : given, {
      resourceVersion: undefined,
      managedFields: undefined,
      uid: crypto.randomUUID(),
      generation: kind.isNewGeneration === undefined ? undefined : 1,
      creationTimestamp: timestamp(clock.now()),
    });
    const object = this.#checked(kind, named, undefined);
    this.#admit({ operation: "create", kind, object });
    const empty = kind.empty as unknown as KubeObject;
    const recorded =
      config === undefined
        ? recordUpdate(empty, object, this.#infoOf(context, "Update"))
        : withManagersOf(
            object,
            applyConfiguration(empty, config, { ...this.#infoOf(context, "Apply"), force: true }),
          );
    const stored = store.put(kind, this.#options.allocate(kind, recorded, undefined));
    if (kind.isCustom && stored["status"] !== undefined) this.#withDefaultStatus.add(stored);
    return stored;
  }

  /** Stores an object that a client updated or patched. */
  update(context: WriteContext, before: KubeObject, given: KubeObject): KubeObject {
    // A client may also write managedFields, as client-go's csaupgrade does.
    const hasManagers = context.subresource === undefined && (given.metadata.managedFields ?? []).length > 0;
    const owned = hasManagers ? withManagersOf(before, given) : before;
    const after = withManagersOf(this.#prepare(context, before, given), owned);
    return this.#store(context, before, recordUpdate(owned, after, this.#infoOf(context, "Update")));
  }

  /** Stores an object with an applied configuration. */
  apply(context: WriteContext & { force: boolean }, before: KubeObject, config: Fields): KubeObject {
    const { resourceVersion } = fieldsOf(config["metadata"]);
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
      throw conflict(context.kind, before.metadata.name);
    const merged = applyConfiguration(before, config, {
      ...this.#infoOf(context, "Apply"),
      force: context.force,
    });
    return this.#store(context, before, withManagersOf(this.#prepare(context, before, merged), merged));
  }

  /** The object with only those changes that the endpoint allows. */
  #prepare({ kind, subresource }: WriteContext, before: KubeObject, given: KubeObject): KubeObject {
    checkIdentity(kind, before, given);
    if (subresource === "status") {
      const object = compact({ ...before, status: given["status"] }) as KubeObject;
      // Controllers also write annotations at the status endpoint of a built-in kind.
      const { annotations } = kind.isCustom ? before.metadata : given.metadata;
      return this.#checked(kind, withMetadata(object, { annotations }), before);
    }
    const { namespace, uid, creationTimestamp, generation, deletionTimestamp, managedFields } =
      before.metadata;
    const { deletionGracePeriodSeconds } = before.metadata as { deletionGracePeriodSeconds?: number };
    const identity = { namespace, uid, creationTimestamp, generation, managedFields };
    const deletion = { deletionTimestamp, deletionGracePeriodSeconds };
    const content = compact({ ...given, ...(kind.hasStatus && { status: before["status"] }) }) as KubeObject;
    const change = { ...identity, ...deletion, resourceVersion: undefined };
    return this.#checked(kind, withMetadata(content, change), before);
  }

  #store({ kind, subresource }: WriteContext, before: KubeObject, after: KubeObject): KubeObject {
    const { store, allocate } = this.#options;
    const { generation = 1, resourceVersion } = before.metadata;
    const allocated = allocate(kind, after, before);
    const isNew = subresource !== "status" && kind.isNewGeneration?.(before, allocated) === true;
    const object = withMetadata(allocated, { resourceVersion, ...(isNew && { generation: generation + 1 }) });
    // A write that changes only the times of managers changes nothing.
    const isSame = isSameContent(before, object) && equal(before, withTimesOf(object, before));
    if (isSame && !this.#withDefaultStatus.has(before)) return before;
    this.#admit({ operation: "update", kind, object });
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    const { deletionGracePeriodSeconds = 0 } = object.metadata as { deletionGracePeriodSeconds?: number };
    const isLast =
      deletionTimestamp !== undefined && finalizers.length === 0 && deletionGracePeriodSeconds === 0;
    if (!isLast) return store.put(kind, object);
    // The write removed the last finalizer. Its answer shows no resourceVersion of the deletion.
    store.remove(kind, object);
    return object;
  }

  #checked(kind: Kind, given: KubeObject, before: KubeObject | undefined): KubeObject {
    const object = kind.complete(given);
    const causes = kind.validate(object, before);
    if (causes.length > 0) throw invalid(kind, object.metadata.name, causes);
    return object;
  }

  #admit(admission: Admission): void {
    const why = this.#options.admit(admission);
    if (why !== undefined) throw forbidden(admission.kind, admission.object.metadata.name, why);
  }

  #infoOf({ kind, manager, subresource }: WriteContext, operation: Writer["operation"]): WriteInfo {
    const writer = { manager, operation, apiVersion: apiVersionOf(kind), subresource };
    const time = timestamp(this.#options.clock.now());
    return { schema: kind.schema, writer, time, ignored: ignoredAt(kind, subresource) };
  }
}

const withManagersOf = (object: KubeObject, { metadata: { managedFields } }: KubeObject): KubeObject =>
  withMetadata(object, { managedFields });

/** A cheap check that two objects are equal except for their metadata. */
const isSameContent = (before: KubeObject, after: KubeObject): boolean =>
  Object.keys(after).every((field) => field === "metadata" || equal(before[field], after[field]));

const status = ofFields(["status"]);
const allButStatus = ofFields(["metadata"], ["spec"], ["data"]);
const ignoredAtStatus = ofFields(
  ["spec"],
  ["metadata", "labels"],
  ["metadata", "ownerReferences"],
  ["metadata", "finalizers"],
);

/** Fields that an endpoint does not write. */
const ignoredAt = (kind: Kind, subresource: string | undefined): FieldSet => {
  if (subresource === "status") return kind.isCustom ? allButStatus : ignoredAtStatus;
  return kind.hasStatus ? status : none;
};

function checkIdentity(kind: Kind, before: KubeObject, { metadata }: KubeObject): void {
  const { namespace, name, uid, resourceVersion } = before.metadata;
  if (metadata.uid !== undefined && metadata.uid !== uid)
    throw conflict(
      kind,
      name,
      `StorageError: invalid object, Code: 4, Key: /registry/${kind.plural}/${namespace}/${name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`,
    );
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== resourceVersion)
    throw conflict(kind, name);
  if (metadata.name !== name)
    throw invalid(kind, name, [invalidValue("metadata.name", metadata.name, "field is immutable")]);
}
