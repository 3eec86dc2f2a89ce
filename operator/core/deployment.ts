import { childAnnotations } from "../api/names.ts";
import { isTime } from "../api/schema/spec.ts";
import { type Fields, type Manifest, fieldsOf, isFields, truncate } from "./manifest.ts";
import { cleanText } from "./text.ts";

/** Pod counts of a Deployment. `desired` comes from a spec, the others from the Deployment's status. */
export interface Counts {
  readonly desired: number;
  readonly replicas: number;
  readonly ready: number;
  readonly updated: number;
  readonly available: number;
}

const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0);

const statusOf = (deployment: Manifest | undefined): Fields => fieldsOf(deployment?.["status"]);

/** `spec.replicas` of a live Deployment; undefined if there is no Deployment. */
export const replicasOf = (deployment: Manifest | undefined): number | undefined => {
  const spec = deployment?.["spec"];
  return isFields(spec) ? numberOf(spec["replicas"]) : undefined;
};

/** The largest count that the status of a DemoApp can have. */
const maxCount = 100_000;

/**
 * The pod counts that the Deployment controller reports for some Deployments; 0 for one that does not exist. Within the
 * bounds of the DemoApp's status: whoever may write a Deployment's status may write any number.
 */
export function countsOf(deployments: readonly (Manifest | undefined)[], desired: number): Counts {
  const sum = (field: string): number => {
    const counts = deployments.map((deployment) => numberOf(statusOf(deployment)[field]));
    const total = counts.reduce((all, count) => all + count, 0);
    return Math.max(0, Math.min(maxCount, total));
  };
  return {
    desired,
    replicas: sum("replicas"),
    ready: sum("readyReplicas"),
    updated: sum("updatedReplicas"),
    available: sum("availableReplicas"),
  };
}

/** Longest message of a refusal that the operator reads, in characters: a blocker's message has no more. */
const maxMessage = 2048;

/** A condition of a Deployment that is True. */
function trueCondition(deployment: Manifest | undefined, type: string): Fields | undefined {
  const { conditions } = statusOf(deployment);
  const all = Array.isArray(conditions) ? (conditions as Fields[]) : [];
  return all.find((condition) => condition["type"] === type && condition["status"] === "True");
}

/** When the Deployment controller last counted progress, also of a pod that flaps, ms since 1970; 0 if unknown. */
export function progressedAtMs(deployment: Manifest | undefined): number {
  const time = trueCondition(deployment, "Progressing")?.["lastUpdateTime"];
  return typeof time === "string" && isTime(time) ? Date.parse(time) : 0;
}

/** The API server's message when it refuses pods of a Deployment; undefined if it refuses none. */
export function podRefusalOf(deployment: Manifest | undefined): string | undefined {
  const failure = trueCondition(deployment, "ReplicaFailure");
  if (failure === undefined) return undefined;
  return typeof failure["message"] === "string" ? truncate(failure["message"], maxMessage) : "";
}

/** True if the Deployment controller has processed the current generation. */
export const isProcessed = (deployment: Manifest): boolean =>
  numberOf(statusOf(deployment)["observedGeneration"]) >= (deployment.metadata.generation ?? Infinity);

/** True if the Deployment controller has processed the current generation, and all pods are updated and available. */
export function isSettled(deployment: Manifest): boolean {
  const desired = replicasOf(deployment) ?? 0;
  const { replicas, updated, available } = countsOf([deployment], desired);
  return isProcessed(deployment) && [replicas, updated, available].every((count) => count === desired);
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

const kubectlRestartedAt = "kubectl.kubernetes.io/restartedAt";

/** Longest text of a restart, which the operator copies to an annotation, in UTF-16 units. A time has 35 at most. */
const maxRestart = 64;

/**
 * The newest restarts that the annotations of a pod or a pod template name, the operator's and that of
 * `kubectl rollout restart`; empty if there was none. Equal for a pod and a template if no restart replaces the pod.
 */
export function restartsOf(annotations: Readonly<Record<string, string>> | undefined): string {
  const restart = (name: string): string | undefined => {
    const text = annotations?.[name];
    return text === undefined ? undefined : cleanText(text, maxRestart);
  };
  const own = restart(childAnnotations.restartedAt) ?? "";
  const kubectl = restart(kubectlRestartedAt);
  return kubectl === undefined ? own : `${own} ${kubectl}`;
}

/** The annotations without those of restarts. */
export function withoutRestarts(
  annotations: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  if (annotations === undefined) return undefined;
  const { [childAnnotations.restartedAt]: _, [kubectlRestartedAt]: __, ...others } = annotations;
  return Object.keys(others).length === 0 ? undefined : others;
}
