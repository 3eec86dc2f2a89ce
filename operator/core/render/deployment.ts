import { apiVersion, childAnnotations, deploymentName, kind, selectorOf } from "../../api/names.ts";
import { rollingUpdateOf } from "../defaults.ts";
import { type Fields, type Manifest, type OwnerReference, compact, isFields } from "../manifest.ts";
import type { App, ObservedApp } from "../observed.ts";

/** The reference that lets the garbage collector delete an app's objects with it. */
export const ownerOf = (app: App): OwnerReference => ({
  apiVersion,
  kind,
  name: app.name,
  uid: app.uid,
  controller: true,
  blockOwnerDeletion: true,
});

/** What a Deployment is rendered from, next to the app itself. */
export interface Track {
  readonly template: Fields;
  readonly annotations: Readonly<Record<string, string>>;
  /** When its pods were last asked to restart, RFC 3339; undefined if never. */
  readonly restartedAt: string | undefined;
}

/** The restart that a live Deployment has already carried out or is carrying out. */
export function restartedAtOf(deployment: Manifest | undefined): string | undefined {
  return templateOf(deployment)?.annotations?.[childAnnotations.restartedAt];
}

interface TemplateMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The metadata of a live Deployment's pod template. */
export function templateOf(deployment: Manifest | undefined): TemplateMetadata | undefined {
  const spec = deployment?.["spec"];
  const template = isFields(spec) ? spec["template"] : undefined;
  return isFields(template) ? (template["metadata"] as TemplateMetadata | undefined) : undefined;
}

function withTrack(template: Fields, app: App, restartedAt: string | undefined): Fields {
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

/** The app's one lasting Deployment, of the same name. */
export function renderDeployment({ app }: ObservedApp, track: Track): Manifest {
  const { spec } = app;
  const labels = selectorOf(app.name, "stable");
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: deploymentName(app.name),
      namespace: app.namespace,
      labels,
      annotations: track.annotations,
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
      template: withTrack(track.template, app, track.restartedAt),
    },
  };
}
