import { demoAppSpec } from "../../operator/api/schema.ts";
import { resources } from "../../operator/controller/resources.ts";
import { isFields } from "../../operator/core/manifest.ts";
import { rollingUpdateOf } from "../../operator/core/defaults.ts";
import type { ObservedApp } from "../../operator/core/observed.ts";
import { renderDeployment } from "../../operator/core/render/deployment.ts";
import { renderPodTemplate } from "../../operator/core/render/pod.ts";
import { renderService } from "../../operator/core/render/service.ts";
import type { ApiClient, KubeObject, ObjectRef, ResourceType } from "../../operator/runtime/client.ts";

/** One way to run the same apps: as DemoApps, or as the Deployments and Services that a DemoApp becomes. */
export interface Column {
  /** The kind whose watch shows when an app is ready. */
  readonly watched: ResourceType;
  /** The generation of the object that is ready and serves; undefined if none does. */
  readonly readyGeneration: (object: KubeObject) => number | undefined;
  create(client: ApiClient, app: ObjectRef): Promise<void>;
  /** Changes the image; returns the new generation. */
  change(client: ApiClient, app: ObjectRef, image: string): Promise<number>;
}

export const imageOf = (version: number): string => `registry.example/webapp:${version}`;

const spec = { image: imageOf(0), replicas: 1 };

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (isFields(value) ? value : {});

/** DemoApps with additional fields of the spec: measures the operator. */
export const operated = (fields: object = {}): Column => ({
  watched: resources.DemoApp,
  readyGeneration: ({ status }) => {
    const { conditions } = fieldsOf(status);
    const ready = Array.isArray(conditions)
      ? conditions.map(fieldsOf).find(({ type }) => type === "Ready")
      : undefined;
    return ready?.["status"] === "True" ? Number(ready["observedGeneration"]) : undefined;
  },
  create: async (client, metadata) => {
    const body = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata, spec: { ...spec, ...fields } };
    await client.create(resources.DemoApp, body);
  },
  change: async (client, ref, image) => {
    const body = { spec: { image } };
    const { metadata } = await client.patch(resources.DemoApp, ref, { type: "merge", body });
    return metadata.generation ?? 0;
  },
});

/** Deployments and Services with the pod template that the operator renders: the baseline. */
export const bare: Column = {
  watched: resources.Deployment,
  readyGeneration: ({ metadata, spec, status }) => {
    const { replicas: desired } = fieldsOf(spec);
    const { observedGeneration, replicas, updatedReplicas, availableReplicas } = fieldsOf(status);
    const isDone = [replicas, updatedReplicas, availableReplicas].every((count) => count === desired);
    return isDone && observedGeneration === metadata.generation ? metadata.generation : undefined;
  },
  create: async (client, ref) => {
    const app = { ...ref, spec: demoAppSpec.parse(spec) } as ObservedApp["app"];
    const observed = { app } as ObservedApp;
    const template = renderPodTemplate(app, app.spec);
    const { replicas: size } = app.spec;
    const rollingUpdate = rollingUpdateOf(app.spec);
    const input = { size, rollingUpdate, template, annotations: {}, restartedAt: undefined };
    const deployment = renderDeployment(observed, { track: "stable", ...input });
    const service = renderService(observed, "stable");
    // Without the owner reference: no DemoApp exists.
    const metadataOf = ({ metadata: { labels } }: typeof service) => ({ ...ref, labels });
    await Promise.all([
      client.create(resources.Deployment, { ...deployment, metadata: metadataOf(deployment) }),
      client.create(resources.Service, { ...service, metadata: metadataOf(service) }),
    ]);
  },
  change: async (client, ref, image) => {
    const body = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: image }];
    const { metadata } = await client.patch(resources.Deployment, ref, { type: "json", body });
    return metadata.generation ?? 0;
  },
};
