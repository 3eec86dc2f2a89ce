import { fieldManager } from "../../../operator/api/names.ts";
import { drift } from "../../../operator/core/diff.ts";
import type { Fields, Manifest } from "../../../operator/core/manifest.ts";
import type { ObservedApp } from "../../../operator/core/observed.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { renderPodTemplate } from "../../../operator/core/render/pod.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { type ApiClient, ApiError, type ResourceType } from "../../../operator/runtime/client.ts";
import { kinds } from "../../../tools/objects.ts";
import { app, observed, spec } from "./objects.ts";
import { deploymentInput } from "./situations.ts";

export interface Server {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly close: () => Promise<void>;
}

/** An object of the app: how it is rendered, and the part that has derived fields. */
interface Kind {
  readonly resource: ResourceType;
  readonly render: (observation: ObservedApp) => Manifest;
  readonly partOf: (object: Manifest) => Fields;
}

const specOf = (object: Manifest): Fields => object["spec"] as Fields;

export const deploymentKind: Kind = {
  resource: kinds.Deployment,
  render: (observation) => {
    const template = renderPodTemplate(observation.app, observation.app.spec);
    return renderDeployment(observation, deploymentInput(template));
  },
  partOf: (object) => (specOf(object)["template"] as { readonly spec: Fields }).spec,
};

export const serviceKind: Kind = {
  resource: kinds.Service,
  render: (observation) => renderService(observation, "stable"),
  /** Without the addresses, which are others for each Service. */
  partOf: (object) => {
    const { clusterIP: _, clusterIPs: __, ...fields } = specOf(object);
    return fields;
  },
};

/** Writes one object of an app as the operator does. Its methods return the part that has derived fields. */
export class AppObject {
  readonly #kind: Kind;
  readonly #client: ApiClient;
  readonly #ref: { readonly name: string; readonly namespace: string };

  constructor(kind: Kind, { client, namespace }: Server, name: string) {
    this.#kind = kind;
    this.#client = client;
    this.#ref = { name, namespace };
  }

  /** The desired object, without pods. It has no owner, because an owner that does not exist is garbage. */
  desired(fields: Fields): Manifest {
    const of = app({ ...this.#ref, spec: spec({ ...fields, replicas: 0 }) });
    const { metadata, ...rest } = this.#kind.render(observed({ app: of }) as ObservedApp);
    const { ownerReferences: _, ...unowned } = metadata;
    return { ...rest, metadata: unowned };
  }

  /** Applies a spec as another manager, or as an operator that takes nothing over. */
  async apply(content: unknown, manager = fieldManager): Promise<Fields> {
    const { kind, group, version } = this.#kind.resource;
    const apiVersion = group === "" ? version : `${group}/${version}`;
    const object = { apiVersion, kind, metadata: this.#ref, spec: content };
    const options = { fieldManager: manager, force: true };
    return this.#kind.partOf((await this.#client.apply(this.#kind.resource, object, options)) as Manifest);
  }

  delete = (): Promise<void> =>
    this.#client.delete(this.#kind.resource, this.#ref, { propagationPolicy: "Background" });

  /** Applies the object of a spec without a take-over. */
  async install(fields: Fields): Promise<Fields> {
    return this.#write(this.desired(fields));
  }

  /** Creates the object and deletes it. */
  async firstInstall(fields: Fields): Promise<Fields> {
    const part = await this.install(fields);
    await this.delete();
    return part;
  }

  /** What is left to write for a spec. */
  async rest(fields: Fields) {
    const live = (await this.#client.get(this.#kind.resource, this.#ref)) as Manifest;
    return { live, ...drift(live, this.desired(fields)) };
  }

  /** Reverts the drift of the live object. */
  async converge(fields: Fields): Promise<Fields> {
    const { live, apply, takeOver: body } = await this.rest(fields);
    if (!apply) return this.#kind.partOf(live);
    if (body.length > 0) {
      try {
        await this.#client.patch(this.#kind.resource, this.#ref, { type: "json", body, fieldManager });
      } catch (error) {
        // A controller wrote the status meanwhile.
        if (error instanceof ApiError && error.isConflict) return this.converge(fields);
        throw error;
      }
    }
    return this.#write(this.desired(fields));
  }

  async #write(object: Manifest): Promise<Fields> {
    const options = { fieldManager, force: true };
    return this.#kind.partOf((await this.#client.apply(this.#kind.resource, object, options)) as Manifest);
  }
}
