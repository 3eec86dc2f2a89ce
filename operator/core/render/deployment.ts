import {
  type Track,
  apiVersion,
  childAnnotations,
  deploymentName,
  kind,
  selectorOf,
} from "../../api/names.ts";
import type { RollingUpdate } from "../defaults.ts";
import type { TemplateMetadata } from "../deployment.ts";
import { type Fields, type Manifest, type OwnerReference, compact } from "../manifest.ts";
import type { App, ObservedApp } from "../observed.ts";

/** The owner reference by which the garbage collector deletes an app's objects together with the DemoApp. */
export const ownerOf = (app: App): OwnerReference => ({
  apiVersion,
  kind,
  name: app.name,
  uid: app.uid,
  controller: true,
  blockOwnerDeletion: true,
});

/** The parts of a Deployment that do not come from the spec. */
export interface DeploymentInput {
  readonly track: Track;
  readonly size: number;
  readonly rollingUpdate: RollingUpdate;
  /** The pod template that the revision stores. */
  readonly template: Fields;
  readonly annotations: Readonly<Record<string, string>>;
  /** The newest restart that is due or was completed, RFC 3339; undefined for none. */
  readonly restartedAt: string | undefined;
}

/** The stored pod template with the labels of the selector and the restart annotation. */
function completeTemplate({ track, template, restartedAt }: DeploymentInput, app: App): Fields {
  const metadata = template["metadata"] as TemplateMetadata;
  const restart = restartedAt === undefined ? {} : { [childAnnotations.restartedAt]: restartedAt };
  const annotations = { ...metadata.annotations, ...restart };
  return {
    ...template,
    metadata: compact({
      labels: { ...metadata.labels, ...selectorOf(app.name, track) },
      annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
    }),
  };
}

/** The Deployment of a track. */
export function renderDeployment({ app }: ObservedApp, input: DeploymentInput): Manifest {
  const { spec } = app;
  const labels = selectorOf(app.name, input.track);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: deploymentName(app.name, input.track),
      namespace: app.namespace,
      labels,
      annotations: input.annotations,
      ownerReferences: [ownerOf(app)],
    },
    spec: {
      replicas: input.size,
      minReadySeconds: spec.minReadySeconds,
      progressDeadlineSeconds: spec.progressDeadlineSeconds,
      revisionHistoryLimit: 2,
      selector: { matchLabels: labels },
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: input.rollingUpdate,
      },
      template: completeTemplate(input, app),
    },
  };
}
