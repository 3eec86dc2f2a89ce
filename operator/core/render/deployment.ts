import {
  type Track,
  apiVersion,
  childAnnotations,
  deploymentName,
  kind,
  selectorOf,
} from "../../api/names.ts";
import type { DemoAppSpec } from "../../api/schema.ts";
import type { RollingUpdate } from "../defaults.ts";
import type { TemplateMetadata } from "../deployment.ts";
import { type Fields, type Manifest, type OwnerReference, compact } from "../manifest.ts";
import { remembered } from "../memo.ts";
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

/** What a Deployment's `spec` is made of, beside the template. */
interface SpecInput extends Pick<DeploymentInput, "track" | "size" | "rollingUpdate" | "restartedAt"> {
  readonly name: string;
  readonly spec: DemoAppSpec;
}

/** The stored pod template with the labels of the selector and the restart annotation. */
function completeTemplate(template: Fields, { track, restartedAt, name }: SpecInput): Fields {
  const metadata = template["metadata"] as TemplateMetadata;
  const restart = restartedAt === undefined ? {} : { [childAnnotations.restartedAt]: restartedAt };
  const annotations = { ...metadata.annotations, ...restart };
  return {
    ...template,
    metadata: compact({
      labels: { ...metadata.labels, ...selectorOf(name, track) },
      annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
    }),
  };
}

/** A Deployment's `spec`. One object for the same input, so that `drift` is remembered too. */
const specOf = remembered((template: Fields, input: SpecInput): Fields => ({
  replicas: input.size,
  minReadySeconds: input.spec.minReadySeconds,
  progressDeadlineSeconds: input.spec.progressDeadlineSeconds,
  revisionHistoryLimit: 2,
  selector: { matchLabels: selectorOf(input.name, input.track) },
  strategy: { type: "RollingUpdate", rollingUpdate: input.rollingUpdate },
  template: completeTemplate(template, input),
}));

/** The Deployment of a track. */
export function renderDeployment({ app }: ObservedApp, input: DeploymentInput): Manifest {
  const { name, namespace, spec } = app;
  const { template, annotations, ...rest } = input;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: deploymentName(name, input.track),
      namespace,
      labels: selectorOf(name, input.track),
      annotations,
      ownerReferences: [ownerOf(app)],
    },
    spec: specOf(template, { ...rest, name, spec }),
  };
}
