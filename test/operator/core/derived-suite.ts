import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { drift } from "../../../operator/core/diff.ts";
import type { Fields, Manifest } from "../../../operator/core/manifest.ts";
import type { ObservedApp } from "../../../operator/core/observed.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { renderPodTemplate } from "../../../operator/core/render/pod.ts";
import { fieldManager } from "../../../operator/api/names.ts";
import { type ApiClient, ApiError } from "../../../operator/runtime/client.ts";
import { kinds } from "../../../tools/objects.ts";
import { type Edit, derivedEdits, staleEdits } from "./derivedcases.ts";
import { app, observed, spec } from "./objects.ts";

interface Server {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly close: () => Promise<void>;
}

/** Writes the Deployment of one app as the operator does. */
class Deployments {
  readonly #client: ApiClient;
  readonly #ref: { readonly name: string; readonly namespace: string };

  constructor({ client, namespace }: Server, name: string) {
    this.#client = client;
    this.#ref = { name, namespace };
  }

  /** The desired Deployment, without pods. It has no owner, because an owner that does not exist is garbage. */
  desired(fields: Fields): Manifest {
    const of = app({ ...this.#ref, spec: spec({ ...fields, replicas: 0 }) });
    const observation = observed({ app: of }) as ObservedApp;
    const template = renderPodTemplate(of, observation.app.spec);
    const { metadata, ...rest } = renderDeployment(observation, {
      template,
      annotations: {},
      restartedAt: undefined,
    });
    const { ownerReferences: _, ...unowned } = metadata;
    return { ...rest, metadata: unowned };
  }

  /** Applies an object without a take-over, as another manager does. */
  async apply(object: Manifest, manager = fieldManager): Promise<Manifest> {
    const options = { fieldManager: manager, force: true };
    return (await this.#client.apply(kinds.Deployment, object, options)) as Manifest;
  }

  async patch(body: unknown): Promise<void> {
    await this.#client.patch(kinds.Deployment, this.#ref, { type: "json", body, fieldManager });
  }

  live = async (): Promise<Manifest> => (await this.#client.get(kinds.Deployment, this.#ref)) as Manifest;

  delete = (): Promise<void> =>
    this.#client.delete(kinds.Deployment, this.#ref, { propagationPolicy: "Background" });

  /** Installs the app; returns the pod spec. */
  async install(fields: Fields): Promise<Fields> {
    return podOf(await this.apply(this.desired(fields)));
  }

  /** Installs the app and deletes it; returns the pod spec. */
  async firstInstall(fields: Fields): Promise<Fields> {
    const pod = await this.install(fields);
    await this.delete();
    return pod;
  }

  /** Reverts the drift of the live Deployment; returns the pod spec. */
  async converge(fields: Fields): Promise<Fields> {
    const desired = this.desired(fields);
    const live = await this.live();
    const { apply, takeOver } = drift(live, desired);
    if (!apply) return podOf(live);
    if (takeOver.length > 0) {
      try {
        await this.patch(takeOver);
      } catch (error) {
        // The Deployment controller wrote the status meanwhile.
        if (error instanceof ApiError && error.isConflict) return this.converge(fields);
        throw error;
      }
    }
    return podOf(await this.apply(desired));
  }
}

const podOf = (object: Manifest): Fields =>
  (object["spec"] as { readonly template: { readonly spec: Fields } }).template.spec;

/** The pod spec of a first install, the pod spec after an edit of the spec, and what is left to apply then. */
async function rollOut(deployments: Deployments, { before, after }: Edit) {
  const fresh = await deployments.firstInstall(after);
  await deployments.install(before);
  const edited = await deployments.converge(after);
  return { fresh, edited, rest: drift(await deployments.live(), deployments.desired(after)) };
}

/** The pod specs after an edit under an older operator, its upgrade and another edit; and those of first installs. */
async function upgrade(deployments: Deployments, { before, after }: Edit) {
  const next = { ...after, port: 9090 };
  const [correct, fresh] = [await deployments.firstInstall(after), await deployments.firstInstall(next)];
  await deployments.install(before);
  const old = podOf(await deployments.apply(deployments.desired(after)));
  const upgraded = await deployments.converge(after);
  return { correct, old, upgraded, edited: await deployments.converge(next), fresh };
}

/** The pod spec at first, after another manager applied fields of the pod, and after the operator reverted them. */
async function override(deployments: Deployments, pod: Fields) {
  const clean = await deployments.install({ image: "app:1" });
  const { apiVersion, kind, metadata } = deployments.desired({ image: "app:1" });
  const { name, namespace = "" } = metadata;
  const addition = { apiVersion, kind, metadata: { name, namespace }, spec: { template: { spec: pod } } };
  const dirty = podOf(await deployments.apply(addition, "stranger"));
  return { clean, dirty, reverted: await deployments.converge({ image: "app:1" }) };
}

let count = 0;

/** The tests of derived fields. The fake and the real API server must give the same results. */
export function derivedSuite(name: string, start: () => Promise<Server>): void {
  let server: Server;
  let deployments: Deployments;

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    count += 1;
    deployments = new Deployments(server, `derived-${count}`);
  });
  afterEach(() => deployments.delete());

  describe(`fields that the API server derives from others, at ${name}`, () => {
    test.each(derivedEdits)(
      "$name: the pods are those of a first install, and nothing is left to apply",
      async (edit) => {
        const { fresh, edited, rest } = await rollOut(deployments, edit);
        expect(fresh).toMatchObject(edit.pod);
        expect(edited).toEqual(fresh);
        expect(rest).toMatchObject({ apply: false, takeOver: [] });
      },
    );

    test.each(staleEdits)(
      "$name since an older operator: an upgrade keeps the old value, the next rollout corrects it",
      async (edit) => {
        const { correct, old, upgraded, edited, fresh } = await upgrade(deployments, edit);
        expect(old).not.toEqual(correct);
        expect(upgraded).toEqual(old);
        expect(edited).toEqual(fresh);
      },
    );

    test.each(["serviceAccountName", "serviceAccount"])(
      "another manager applies %s: the operator removes both names of the field",
      async (field) => {
        const { clean, dirty, reverted } = await override(deployments, { [field]: "stranger" });
        expect(dirty).toMatchObject({ serviceAccountName: "stranger", serviceAccount: "stranger" });
        expect(reverted).toEqual(clean);
      },
    );
  });
}
