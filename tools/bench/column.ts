import { demoAppSpec } from "../../operator/api/schema.ts";
import { resources } from "../../operator/controller/resources.ts";
import { isFields } from "../../operator/core/manifest.ts";
import type { ObservedApp } from "../../operator/core/observed.ts";
import { renderDeployment } from "../../operator/core/render/deployment.ts";
import { renderPodTemplate } from "../../operator/core/render/pod.ts";
import { renderService } from "../../operator/core/render/service.ts";
import type { ApiClient, KubeObject, ObjectInput, ResourceType } from "../../operator/runtime/client.ts";
import { kinds } from "../objects.ts";

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

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (isFields(value) ? value : {});

/** DemoApps: measures the operator. */
export const operated: Column = {
  watched: kinds.DemoApp,
  readyGeneration: ({ status }) => {
    const { conditions } = fieldsOf(status);
    const ready = Array.isArray(conditions)
      ? conditions.map(fieldsOf).find(({ type }) => type === "Ready")
      : undefined;
    return ready?.["status"] === "True" ? Number(ready["observedGeneration"]) : undefined;
  },
  create: async (client, { namespace, name }) => {
    const spec = { image: imageOf(0), replicas: 1 };
    const metadata = { namespace, name };
    await client.create(kinds.DemoApp, { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata, spec });
  },
  change: async (client, ref, image) => {
    const { metadata } = await client.patch(kinds.DemoApp, ref, { type: "merge", body: { spec: { image } } });
    return metadata.generation ?? 0;
  },
};

/** Deployments and Services with the pod template that the operator renders: the baseline. */
export const bare: Column = {
  watched: kinds.Deployment,
  readyGeneration: ({ metadata, spec, status }) => {
    const { replicas: desired } = fieldsOf(spec);
    const { observedGeneration, replicas, updatedReplicas, availableReplicas } = fieldsOf(status);
    const isDone = [replicas, updatedReplicas, availableReplicas].every((count) => count === desired);
    return isDone && observedGeneration === metadata.generation ? metadata.generation : undefined;
  },
  create: async (client, ref) => {
    const { deployment, service } = childrenOf(ref);
    await Promise.all([client.create(kinds.Deployment, deployment), client.create(kinds.Service, service)]);
  },
  change: async (client, ref, image) => {
    const body = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: image }];
    const { metadata } = await client.patch(kinds.Deployment, ref, { type: "json", body });
    return metadata.generation ?? 0;
  },
};
