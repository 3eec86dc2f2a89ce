import type { StatusBody } from "./api-error.ts";

// Types of Kubernetes objects as plain JSON: objects keep unknown fields, and dates stay strings.

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The fields that a field manager owns (server-side apply). */
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

/** An object as the API server returns it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** The fields that every object to be written must have. */
interface NamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}

/** An object to be written. */
export type ObjectInput = KubeObject | NamedObject;

export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ObjectList {
  readonly items: readonly KubeObject[];
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
}

/** A kind and its API path. The core group is "". */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** One line of a watch stream. An ERROR has a `Status`; the object of a BOOKMARK has only a resourceVersion. */
export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: KubeObject }
  | { readonly type: "ERROR"; readonly object: StatusBody };

/** Selects the objects of a list or watch. */
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
  /** The version after which the watch starts. Undefined only together with `sendInitialEvents`. */
  readonly resourceVersion?: string | undefined;
  /** Streams all present objects first, then a BOOKMARK with the annotation `k8s.io/initial-events-end`. */
  readonly sendInitialEvents?: boolean | undefined;
  readonly resourceVersionMatch?: "NotOlderThan" | undefined;
  readonly timeoutSeconds: number;
  readonly allowWatchBookmarks: boolean;
}

/** Limits of one call; `timeoutMs` is per attempt. */
export interface CallOptions {
  readonly timeoutMs?: number | undefined;
  /** Aborts the call, during an attempt or between two attempts. */
  readonly signal?: AbortSignal | undefined;
  /** The call doesn't count toward the connection limit, so it never waits for other calls. */
  readonly urgent?: boolean | undefined;
  /** Maximum number of retries; default: the client's. */
  readonly retries?: number | undefined;
  /** Longest response; default `maxObjectBytes`. A longer one rejects with `ResponseTooLargeError`. */
  readonly maxBytes?: number | undefined;
}

export interface CreateOptions extends CallOptions {
  readonly fieldManager?: string | undefined;
  /** True if an answer that the object exists is as good as its creation: the request may be repeated. */
  readonly idempotent?: boolean | undefined;
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
 * The Kubernetes API. Every method retries where a retry is safe for its verb, then rejects with `ApiError` (an error
 * response) or `ConnectionError` (no response).
 */
export interface ApiClient {
  /** The API server's URL, without a trailing slash. */
  readonly server: string;
  get(resource: ResourceType, ref: ObjectRef, options?: CallOptions): Promise<KubeObject>;
  /** Returns one page. Sets apiVersion and kind of items where the server omits them. */
  list(resource: ResourceType, options: ListOptions, call?: CallOptions): Promise<ObjectList>;
  create(resource: ResourceType, object: ObjectInput, options?: CreateOptions): Promise<KubeObject>;
  /** Replaces the whole object (PUT). Rejects with a conflict if the object's resourceVersion is outdated. */
  replace(
    resource: ResourceType,
    object: ObjectInput,
    options?: CallOptions & { readonly subresource?: "status" },
  ): Promise<KubeObject>;
  delete(resource: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /** Server-side apply. */
  apply(resource: ResourceType, object: ObjectInput, options: ApplyOptions): Promise<KubeObject>;
  patch(resource: ResourceType, ref: ObjectRef, options: PatchOptions): Promise<KubeObject>;
  /** Yields all watch events, also BOOKMARK and ERROR. Ends when the server ends the stream; throws if it breaks. */
  watch(resource: ResourceType, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** Returns a client that calls `fence` before each attempt of a write. The write rejects with the error of `fence`. */
  fenced(fence: () => void): ApiClient;
  /** Closes the connections after pending calls have ended. */
  close(): Promise<void>;
}

/** Longest JSON of an object: etcd stores 1.5 MiB, and JSON writes a control character of one byte as six. */
export const maxObjectBytes = 16 * 1024 * 1024;

/** `group/version`; for the core group only the version. */
export const apiVersionOf = (resource: Pick<ResourceType, "group" | "version">): string =>
  resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;

/** The URL path of a collection, in one namespace or in all. */
export const collectionPath = (resource: ResourceType, namespace?: string): string => {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${apiVersionOf(resource)}`;
  const scope =
    namespace === undefined || namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${resource.namespaced ? scope : ""}/${resource.plural}`;
};

/** `namespace/name`; for a cluster-scoped object only the name. */
export const objectKey = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
