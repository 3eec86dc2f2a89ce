import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import type { Api } from "./api.ts";
import type { Fields } from "./json.ts";
import type { ApiRequest, Verb } from "./request.ts";

/** Writes as a client inside the server's process would: no HTTP, no faults, nothing in the log of requests. */
export class Insider {
  readonly #api: Api;
  readonly #manager: string;

  constructor(api: Api, manager: string) {
    this.#api = api;
    this.#manager = manager;
  }

  /** Each of these throws `Refusal`. */
  create(kindKey: string, object: Fields & Pick<KubeObject, "metadata">): void {
    this.#send("create", kindKey, { namespace: object.metadata.namespace, body: object });
  }

  update(kindKey: string, object: KubeObject, subresource?: "status"): void {
    const { namespace, name } = object.metadata;
    this.#send("update", kindKey, { namespace, name, subresource, body: object });
  }

  delete(kindKey: string, { metadata: { namespace, name } }: KubeObject): void {
    this.#send("delete", kindKey, { namespace, name, body: {} });
  }

  #send(verb: Verb, kindKey: string, request: Partial<ApiRequest>): void {
    this.#api.handle({
      verb,
      kind: this.#api.kind(kindKey),
      namespace: undefined,
      name: undefined,
      subresource: undefined,
      query: new URLSearchParams({ fieldManager: this.#manager }),
      body: undefined,
      contentType: "application/json",
      userAgent: this.#manager,
      ...request,
    });
  }
}
