import type { StatusBody } from "./api-error.ts";

/** What every Kubernetes object has in common, as JSON: nothing is dropped, dates stay strings. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Who set which fields (server-side apply). */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: unknown;
  readonly subresource?: string;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** An object as the API server gives it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** The least that an object to be written must have. */
interface NamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}

/** An object to be written: any type of object with a name, or a literal. */
export type ObjectInput = KubeObject | NamedObject;

export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ObjectList {
  readonly items: readonly KubeObject[];
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
}

/** A kind and where it is served; the core group is "". */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** One line of a watch stream; the object of an ERROR is a `Status`, that of a BOOKMARK has only a resourceVersion. */
export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: KubeObject }
  | { readonly type: "ERROR"; readonly object: StatusBody };

/** Which objects a list or watch is about. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends Selection {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan" | undefined;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
  readonly allowWatchBookmarks: boolean;
}

/** Limits of one call; `timeoutMs` is per attempt. */
export interface CallOptions {
  readonly timeoutMs?: number | undefined;
  /** Aborts the call, between and during attempts. */
  readonly signal?: AbortSignal | undefined;
  /** Waits for no other call: for what everything else depends on. */
  readonly urgent?: boolean | undefined;
  /** How often a failed attempt may be repeated; the client's default if not given. */
  readonly retries?: number | undefined;
}

export interface DeleteOptions {
  readonly preconditions?: {
    readonly uid?: string | undefined;
    readonly resourceVersion?: string | undefined;
  };
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force?: boolean;
  readonly subresource?: "status";
}

export interface PatchOptions {
  readonly type: "merge" | "json";
  readonly body: unknown;
  readonly subresource?: "status";
  readonly fieldManager?: string;
}

/**
 * The Kubernetes API. Every method rejects with `ApiError` (the server refused) or `ConnectionError` (no answer),
 * after the retries that are safe for its verb.
 */
export interface ApiClient {
  /** The API server's URL, without a slash at its end. */
  readonly server: string;
  get(resource: ResourceType, ref: ObjectRef, options?: CallOptions): Promise<KubeObject>;
  /** One page; items carry apiVersion and kind even where the server leaves them out. */
  list(resource: ResourceType, options: ListOptions, call?: CallOptions): Promise<ObjectList>;
  create(resource: ResourceType, object: ObjectInput, options?: CallOptions): Promise<KubeObject>;
  /** PUT: the whole object, refused with a conflict if its resourceVersion is not the stored one. */
  replace(
    resource: ResourceType,
    object: ObjectInput,
    options?: CallOptions & { readonly subresource?: "status" },
  ): Promise<KubeObject>;
  delete(resource: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /** Server-side apply. */
  apply(resource: ResourceType, object: ObjectInput, options: ApplyOptions): Promise<KubeObject>;
  patch(resource: ResourceType, ref: ObjectRef, options: PatchOptions): Promise<KubeObject>;
  /** The raw stream, BOOKMARK and ERROR included; ends when the server ends it, rejects if it breaks. */
  watch(resource: ResourceType, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** The same client, calling `fence` before each attempt of each write; what it throws, the write rejects with. */
  fenced(fence: () => void): ApiClient;
  /** Closes the connections; pending calls end first. */
  close(): Promise<void>;
}

/** `group/version`, or the version alone for the core group. */
export const apiVersionOf = (resource: Pick<ResourceType, "group" | "version">): string =>
  resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;

/** The URL path of a collection: all namespaces if none is given. */
export const collectionPath = (resource: ResourceType, namespace?: string): string => {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${apiVersionOf(resource)}`;
  const scope =
    namespace === undefined || namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${resource.namespaced ? scope : ""}/${resource.plural}`;
};

/** `namespace/name`, or the name alone for what has no namespace. */
export const objectKey = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
