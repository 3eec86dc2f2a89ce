import type {
  ApiClient,
  ApplyOptions,
  CallOptions,
  CreateOptions,
  DeleteOptions,
  KubeObject,
  ListOptions,
  ObjectInput,
  ObjectList,
  ObjectRef,
  PatchOptions,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from "./kubernetes.ts";
import { collectionPath } from "./kubernetes.ts";
import type { HttpRequest, Transport } from "./transport.ts";
import { parseWatchStream } from "./watch-stream.ts";

const contentTypes = { merge: "application/merge-patch+json", json: "application/json-patch+json" } as const;

const queryOf = (
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): URLSearchParams => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "" && name !== "namespace") query.set(name, String(value));
  }
  return query;
};

const objectPath = (resource: ResourceType, ref: ObjectRef, subresource?: string): string => {
  const path = `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
};

const metricLabelOf = (resource: ResourceType, subresource?: string): string =>
  subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;

/** Sets apiVersion and kind of items from those of the list: the API server omits both for built-in kinds. */
const withItemTypes = (body: unknown): ObjectList => {
  const list = body as ObjectList & { apiVersion: string; kind: string };
  const { apiVersion } = list;
  const kind = list.kind.replace(/List$/, "");
  const items = list.items ?? [];
  return {
    items: items.map((item) => (item.kind ? item : { ...item, apiVersion, kind })),
    metadata: list.metadata,
  };
};

/** The Kubernetes API over HTTP: builds requests, which `Transport` sends. */
export class RestClient implements ApiClient {
  readonly #transport: Transport;
  readonly #fence: (() => void) | undefined;

  constructor(transport: Transport, fence?: () => void) {
    this.#transport = transport;
    this.#fence = fence;
  }

  get server(): string {
    return this.#transport.server;
  }

  fenced(fence: () => void): ApiClient {
    return new RestClient(this.#transport, fence);
  }

  async get(resource: ResourceType, ref: ObjectRef, options?: CallOptions): Promise<KubeObject> {
    const request = { method: "GET", path: objectPath(resource, ref), resource: resource.plural } as const;
    return (await this.#transport.json({ ...request, ...options, idempotent: true })) as KubeObject;
  }

  async list(resource: ResourceType, options: ListOptions, call?: CallOptions): Promise<ObjectList> {
    const path = collectionPath(resource, options.namespace);
    const query = queryOf({ ...options });
    const request = { method: "GET", path, resource: resource.plural, query } as const;
    return withItemTypes(await this.#transport.json({ ...request, ...call, idempotent: true }));
  }

  async create(
    resource: ResourceType,
    object: ObjectInput,
    { fieldManager, ...options }: CreateOptions = {},
  ): Promise<KubeObject> {
    const path = collectionPath(resource, object.metadata.namespace);
    return this.#write({
      method: "POST",
      path,
      resource: resource.plural,
      query: queryOf({ fieldManager }),
      body: object,
      ...options,
      idempotent: options.idempotent ?? false,
    });
  }

  async replace(
    resource: ResourceType,
    object: ObjectInput,
    { subresource, ...options }: CallOptions & { readonly subresource?: "status" } = {},
  ): Promise<KubeObject> {
    const path = objectPath(resource, object.metadata, subresource);
    const target = { method: "PUT", path, resource: metricLabelOf(resource, subresource) } as const;
    return this.#write({ ...target, body: object, ...options, idempotent: true });
  }

  async delete(resource: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const path = objectPath(resource, ref);
    await this.#write({
      method: "DELETE",
      path,
      resource: resource.plural,
      body: { apiVersion: "v1", kind: "DeleteOptions", ...options },
      idempotent: true,
    });
  }

  async apply(resource: ResourceType, object: ObjectInput, options: ApplyOptions): Promise<KubeObject> {
    const { fieldManager, force, subresource } = options;
    return this.#write({
      method: "PATCH",
      path: objectPath(resource, object.metadata, subresource),
      resource: metricLabelOf(resource, subresource),
      query: queryOf({ fieldManager, force, fieldValidation: "Strict" }),
      body: object,
      // The body is JSON, which is also YAML. API servers before 1.34 have no JSON content type for apply.
      contentType: "application/apply-patch+yaml",
      idempotent: true,
    });
  }

  async patch(resource: ResourceType, ref: ObjectRef, options: PatchOptions): Promise<KubeObject> {
    const { type, body, subresource, fieldManager } = options;
    return this.#write({
      method: "PATCH",
      path: objectPath(resource, ref, subresource),
      resource: metricLabelOf(resource, subresource),
      query: queryOf({ fieldManager }),
      body,
      contentType: contentTypes[type],
      // A repeated merge patch changes nothing. A repeated JSON patch may append twice.
      idempotent: type === "merge",
    });
  }

  watch(resource: ResourceType, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const path = collectionPath(resource, options.namespace);
    const query = queryOf({ ...options, watch: true });
    const request = { method: "GET", path, resource: resource.plural, query, idempotent: true } as const;
    return parseWatchStream(this.#transport.stream(request, signal));
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #write(request: HttpRequest): Promise<KubeObject> {
    return (await this.#transport.json({ ...request, fence: this.#fence })) as KubeObject;
  }
}
