import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import type { Api } from "./api.ts";
import type { Fields } from "./json.ts";
import type { ApiRequest, Verb } from "./request.ts";

/** A client in the server's process: without HTTP, faults and the log of requests. Its methods throw `Refusal`. */
export class Insider {
  readonly #api: Api;
  readonly #manager: string;

  constructor(api: Api, manager: string) {
    this.#api = api;
    this.#manager = manager;
  }

  create(kindKey: string, object: Fields & Pick<KubeObject, "metadata">): void {
    const { namespace } = object.metadata;
    this.#send("create", kindKey, { namespace, name: undefined, body: object });
  }

  update(kindKey: string, object: KubeObject, subresource?: "status"): void {
    this.#send("update", kindKey, { ...object.metadata, subresource, body: object });
  }

  delete(kindKey: string, { metadata }: KubeObject): void {
    this.#send("delete", kindKey, { ...metadata, body: {} });
  }

  #send(verb: Verb, kindKey: string, { namespace, name, subresource, body }: Partial<ApiRequest>): void {
    const query = new URLSearchParams({ fieldManager: this.#manager });
    const target = { kind: this.#api.kind(kindKey), namespace, name, subresource };
    this.#api.handle({
      ...target,
      verb,
      query,
      body,
      contentType: "application/json",
      userAgent: this.#manager,
    });
  }
}
