import type { FieldSet, Fields, ManagedFields, Manifest } from "../../../operator/core/manifest.ts";
import type { ObservedApp } from "../../../operator/core/observed.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { renderPodTemplate } from "../../../operator/core/render/pod.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { app, observed, spec } from "./objects.ts";
import { applied } from "./serverside.ts";
import { deploymentInput } from "./situations.ts";

/** The spec that the desired Deployment and Service are rendered from. */
export const appSpec = spec({
  resources: { limits: { cpu: "1000m", memory: "1024Mi" } },
  env: [{ name: "A", value: "1" }],
  pod: {
    nodeSelector: { disk: "ssd" },
    sidecars: [{ name: "proxy", image: "proxy:1", ports: [{ containerPort: 9000 }] }],
  },
});
export const observation = observed({ app: app({ spec: appSpec }) }) as ObservedApp;
/** The desired Deployment. */
export const desired = renderDeployment(
  observation,
  deploymentInput(renderPodTemplate(app(), appSpec), { annotations: { note: "1" } }),
);
/** The desired Service. */
export const service = renderService(observation, "stable");

export type PodSpec = Fields & { readonly containers: readonly Fields[] };
const podOf = (object: Manifest): PodSpec =>
  (object["spec"] as { template: { spec: PodSpec } }).template.spec;

export const withSpec = (object: Manifest, fields: Fields): Manifest => ({
  ...object,
  spec: { ...(object["spec"] as Fields), ...fields },
});
export const withTemplate = (object: Manifest, change: (template: Fields) => Fields): Manifest =>
  withSpec(object, { template: change((object["spec"] as { template: Fields }).template) });
export const withPod = (object: Manifest, change: (pod: PodSpec) => Fields): Manifest =>
  withTemplate(object, (template) => ({ ...template, spec: change(podOf(object)) }));
/** Changes the app's own container. */
export const withContainer = (object: Manifest, change: (container: Fields) => Fields): Manifest =>
  withPod(object, (pod) => ({
    ...pod,
    containers: pod.containers.map((c) => (c["name"] === "app" ? change(c) : c)),
  }));

/** The object with an added managedFields entry: the manager owns the fields below `spec`. */
export const withManager = (object: Manifest, fields: FieldSet, manager = "kubectl-edit"): Manifest => {
  const entry: ManagedFields = { manager, operation: "Update", fieldsV1: { "f:spec": fields } };
  const managedFields = [...(object.metadata.managedFields ?? []), entry];
  return { ...object, metadata: { ...object.metadata, resourceVersion: "7", managedFields } };
};
/** A field set below `spec` with fields of the pod. */
export const inPod = (fields: FieldSet): FieldSet => ({ "f:template": { "f:spec": fields } });
/** A field set below `spec` with fields of the app's own container. */
export const inContainer = (fields: FieldSet): FieldSet =>
  inPod({ "f:containers": { 'k:{"name":"app"}': fields } });

/** The live Deployment after the operator applied the desired one. */
export const live = applied(undefined, desired);
