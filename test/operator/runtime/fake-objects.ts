import { ApiError } from "../../../operator/runtime/api-error.ts";
import type {
  ApiClient,
  KubeObject,
  ObjectInput,
  ObjectRef,
  PatchOptions,
} from "../../../operator/runtime/kubernetes.ts";
import type { ResourceType } from "../../../operator/runtime/kubernetes.ts";

/** Objects in memory with versions and conflicts, for what reads and writes single objects. */
export class FakeObjects {
  readonly objects = new Map<string, KubeObject>();
  readonly writes: { readonly verb: string; readonly key: string; readonly body: unknown }[] = [];
  /** What each call fails with, if it does. */
  fault: (() => Error | undefined) | undefined;
  /** Resolves when a call may go on; for calls that hang. */
  hold: Promise<void> | undefined;
  #version = 0;

  readonly client: ApiClient;

  constructor() {
    const client = {
      server: "https://test",
      get: (resource: ResourceType, ref: ObjectRef) => this.#call(() => this.#existing(resource, ref)),
      create: (resource: ResourceType, object: ObjectInput) =>
        this.#call(() => this.#store("create", this.#key(resource, object.metadata), object)),
      replace: (resource: ResourceType, object: KubeObject) =>
        this.#call(() => {
          const stored = this.#existing(resource, object.metadata);
          const { resourceVersion } = object.metadata;
          if (resourceVersion !== undefined && resourceVersion !== stored.metadata.resourceVersion) {
            throw new ApiError(409, { reason: "Conflict" });
          }
          return this.#store("replace", this.#key(resource, object.metadata), object);
        }),
      patch: (resource: ResourceType, ref: ObjectRef, { body }: PatchOptions) =>
        this.#call(() => {
          const stored = this.#existing(resource, ref);
          const { metadata = {}, ...rest } = body as Partial<KubeObject>;
          const merged = { ...stored, ...rest, metadata: { ...stored.metadata, ...metadata } };
          this.#store("patch", this.#key(resource, ref), merged);
          this.writes.splice(-1, 1, { verb: "patch", key: this.#key(resource, ref), body });
          return merged;
        }),
      fenced: (fence: () => void) => ({
        ...client,
        create: async (resource: ResourceType, object: ObjectInput) => {
          fence();
          return client.create(resource, object);
        },
        replace: async (resource: ResourceType, object: KubeObject) => {
          fence();
          return client.replace(resource, object);
        },
        patch: async (resource: ResourceType, ref: ObjectRef, options: PatchOptions) => {
          fence();
          return client.patch(resource, ref, options);
        },
      }),
    };
    this.client = client as unknown as ApiClient;
  }

  get(key: string): KubeObject | undefined {
    return this.objects.get(key);
  }

  async #call<R>(action: () => R): Promise<R> {
    await this.hold;
    const fault = this.fault?.();
    if (fault !== undefined) throw fault;
    return action();
  }

  #key(resource: ResourceType, ref: ObjectRef): string {
    return `${resource.plural}/${ref.namespace ?? ""}/${ref.name}`;
  }

  #existing(resource: ResourceType, ref: ObjectRef): KubeObject {
    const stored = this.objects.get(this.#key(resource, ref));
    if (stored === undefined) throw new ApiError(404, { reason: "NotFound" });
    return stored;
  }

  #store(verb: string, key: string, object: ObjectInput): KubeObject {
    if (verb === "create" && this.objects.has(key)) throw new ApiError(409, { reason: "AlreadyExists" });
    this.#version += 1;
    const stored = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#version) },
    } as KubeObject;
    this.objects.set(key, stored);
    this.writes.push({ verb, key, body: object });
    return stored;
  }
}
