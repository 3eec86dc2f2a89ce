import { apiVersion, childAnnotations, deploymentName, kind, selectorOf } from "../../api/names.ts";
import { rollingUpdateOf } from "../defaults.ts";
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
  /** The pod template that the revision stores. */
  readonly template: Fields;
  readonly annotations: Readonly<Record<string, string>>;
  /** The newest restart that is due or was completed, RFC 3339; undefined for none. */
  readonly restartedAt: string | undefined;
}

/** The stored pod template with the labels of the selector and the restart annotation. */
function completeTemplate({ template, restartedAt }: DeploymentInput, app: App): Fields {
  const metadata = template["metadata"] as TemplateMetadata;
  const restart = restartedAt === undefined ? {} : { [childAnnotations.restartedAt]: restartedAt };
  const annotations = { ...metadata.annotations, ...restart };
  return {
    ...template,
    metadata: compact({
      labels: { ...metadata.labels, ...selectorOf(app.name, "stable") },
      annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
    }),
  };
}

/** The Deployment of the stable track; it has the name of the app. */
export function renderDeployment({ app }: ObservedApp, input: DeploymentInput): Manifest {
  const { spec } = app;
  const labels = selectorOf(app.name, "stable");
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: deploymentName(app.name),
      namespace: app.namespace,
      labels,
      annotations: input.annotations,
      ownerReferences: [ownerOf(app)],
    },
    spec: {
      replicas: spec.replicas,
      minReadySeconds: spec.minReadySeconds,
      progressDeadlineSeconds: spec.progressDeadlineSeconds,
      revisionHistoryLimit: 2,
      selector: { matchLabels: labels },
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: rollingUpdateOf(spec),
      },
      template: completeTemplate(input, app),
    },
  };
}
