import { childAnnotations } from "../api/names.ts";
import { type Fields, type Manifest, isFields } from "./manifest.ts";

/** Pod counts of a Deployment. `desired` comes from a spec, the others from the Deployment's status. */
export interface Counts {
  readonly desired: number;
  readonly replicas: number;
  readonly ready: number;
  readonly updated: number;
  readonly available: number;
}

const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0);

const statusOf = (deployment: Manifest | undefined): Fields =>
  isFields(deployment?.["status"]) ? deployment["status"] : {};

/** `spec.replicas` of a live Deployment; undefined if there is no Deployment. */
export const replicasOf = (deployment: Manifest | undefined): number | undefined => {
  const spec = deployment?.["spec"];
  return isFields(spec) ? numberOf(spec["replicas"]) : undefined;
};

/** The pod counts that the Deployment controller reports; 0 if there is no Deployment. */
export function countsOf(deployment: Manifest | undefined, desired: number): Counts {
  const status = statusOf(deployment);
  return {
    desired,
    replicas: numberOf(status["replicas"]),
    ready: numberOf(status["readyReplicas"]),
    updated: numberOf(status["updatedReplicas"]),
    available: numberOf(status["availableReplicas"]),
  };
}

/** The API server's message when it refuses pods of a Deployment; undefined if it refuses none. */
export function podRefusalOf(deployment: Manifest | undefined): string | undefined {
  const { conditions } = statusOf(deployment);
  const all = Array.isArray(conditions) ? (conditions as Fields[]) : [];
  const failure = all.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
  if (failure === undefined) return undefined;
  return typeof failure["message"] === "string" ? failure["message"] : "";
}

/** True if the Deployment controller has processed the current generation, and all pods are updated and available. */
export function isSettled(deployment: Manifest): boolean {
  const desired = replicasOf(deployment) ?? 0;
  const { replicas, updated, available } = countsOf(deployment, desired);
  const observedGeneration = numberOf(statusOf(deployment)["observedGeneration"]);
  const isObserved = observedGeneration >= (deployment.metadata.generation ?? Infinity);
  return isObserved && [replicas, updated, available].every((count) => count === desired);
}

/** True if the Deployment is settled with exactly `replicas` pods. */
export const isSettledAt = (deployment: Manifest | undefined, replicas: number): boolean =>
  deployment !== undefined && replicasOf(deployment) === replicas && isSettled(deployment);

export interface TemplateMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The metadata of a live Deployment's pod template. */
export function templateMetadataOf(deployment: Manifest | undefined): TemplateMetadata | undefined {
  const spec = deployment?.["spec"];
  const template = isFields(spec) ? spec["template"] : undefined;
  return isFields(template) ? (template["metadata"] as TemplateMetadata | undefined) : undefined;
}

/** The newest restart that a live Deployment has completed or is running, RFC 3339; undefined for none. */
export const restartedAtOf = (deployment: Manifest | undefined): string | undefined =>
  templateMetadataOf(deployment)?.annotations?.[childAnnotations.restartedAt];
