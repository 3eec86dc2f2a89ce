import { ApiError } from "../../../operator/runtime/api-error.ts";
import type {
  ApiClient,
  KubeObject,
  ObjectInput,
  ObjectRef,
  ResourceType,
} from "../../../operator/runtime/kubernetes.ts";

type FakeClient = Pick<ApiClient, "server" | "get" | "create" | "replace" | "patch" | "fenced">;

const keyOf = ({ plural }: ResourceType, { namespace = "", name }: ObjectRef): string =>
  `${plural}/${namespace}/${name}`;

/** Objects in memory, with resourceVersions and conflicts, and a client for calls on single objects. */
export class FakeObjects {
  readonly objects = new Map<string, KubeObject>();
  readonly writes: { readonly verb: string; readonly key: string; readonly body: unknown }[] = [];
  /** Returns the error that a call fails with, if any. */
  fault: (() => Error | undefined) | undefined;
  /** If set, calls wait for this promise. */
  hold: Promise<void> | undefined;
  readonly client = this.#clientWith(() => undefined) as ApiClient;

  #clientWith(fence: () => void): FakeClient {
    return {
      server: "https://test",
      get: (resource, ref) => this.#call(() => this.#existing(keyOf(resource, ref))),
      create: async (resource, object) => {
        fence();
        const key = keyOf(resource, object.metadata);
        return this.#call(() => {
          if (this.objects.has(key)) throw new ApiError(409, { reason: "AlreadyExists" });
          return this.#store({ verb: "create", key, body: object }, object);
        });
      },
      replace: async (resource, object) => {
        fence();
        const key = keyOf(resource, object.metadata);
        const { resourceVersion } = (object as KubeObject).metadata;
        return this.#call(() => {
          const current = this.#existing(key).metadata.resourceVersion;
          if ((resourceVersion ?? current) !== current) throw new ApiError(409, { reason: "Conflict" });
          return this.#store({ verb: "replace", key, body: object }, object);
        });
      },
      patch: async (resource, ref, { body }) => {
        fence();
        const key = keyOf(resource, ref);
        const { metadata, ...fields } = body as Partial<KubeObject>;
        return this.#call(() => {
          const current = this.#existing(key);
          const object = { ...current, ...fields, metadata: { ...current.metadata, ...metadata } };
          return this.#store({ verb: "patch", key, body }, object);
        });
      },
      fenced: (next) => this.#clientWith(next) as ApiClient,
    };
  }

  async #call<R>(action: () => R): Promise<R> {
    await this.hold;
    const error = this.fault?.();
    if (error !== undefined) throw error;
    return action();
  }

  #existing(key: string): KubeObject {
    const stored = this.objects.get(key);
    if (stored === undefined) throw new ApiError(404, { reason: "NotFound" });
    return stored;
  }

  #store(write: (typeof this.writes)[number], object: ObjectInput): KubeObject {
    this.writes.push(write);
    const metadata = { ...object.metadata, resourceVersion: String(this.writes.length) };
    const stored = { ...object, metadata } as KubeObject;
    this.objects.set(write.key, stored);
    return stored;
  }
}
