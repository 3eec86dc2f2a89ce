import { createHash } from "node:crypto";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, equal, fieldsOf, numberOf } from "../apiserver/json.ts";
import { deadlineMs, deploymentStatus } from "./progress.ts";
import type { Reconciliation, Write } from "./reconcile.ts";
import { newestSize, nextSizes } from "./rolling.ts";
import {
  annotation,
  hashLabel,
  limitsOf,
  newestOf,
  ownerReference,
  replicasOf,
  revisionOf,
  specOf,
  statusOf,
} from "./workload.ts";

/** A pod-template-hash; Kubernetes uses another hash function. */
const templateHash = (template: Fields): string =>
  createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);

const sizeAnnotations = (deployment: KubeObject, revision: number): Record<string, string> => ({
  [annotation.desired]: String(replicasOf(deployment)),
  [annotation.max]: String(replicasOf(deployment) + limitsOf(deployment).surge),
  [annotation.revision]: String(revision),
});

function newReplicaSet(deployment: KubeObject, existing: readonly KubeObject[]): KubeObject {
  const { name, namespace = "" } = deployment.metadata;
  const { minReadySeconds, selector, template: current } = specOf(deployment);
  const template = fieldsOf(current);
  const hash = { [hashLabel]: templateHash(template) };
  const metadata = fieldsOf(template["metadata"]);
  const labels = { ...fieldsOf(metadata["labels"]), ...hash } as Record<string, string>;
  const revision = Math.max(0, ...existing.map(revisionOf)) + 1;
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${name}-${hash[hashLabel]}`,
      namespace,
      labels,
      annotations: sizeAnnotations(deployment, revision),
      ownerReferences: [ownerReference(deployment)],
    },
    spec: {
      replicas: newestSize(deployment, 0, existing),
      ...(minReadySeconds !== undefined && { minReadySeconds }),
      selector: { matchLabels: { ...fieldsOf(fieldsOf(selector)["matchLabels"]), ...hash } },
      template: { ...template, metadata: { ...metadata, labels } },
    },
  };
}

/** Writes that give the ReplicaSets their next sizes and current annotations, or remove old ones after a rollout. */
function replicaSetWrites(deployment: KubeObject, { newest, old, revision }: ReplicaSets): readonly Write[] {
  const { paused, minReadySeconds } = specOf(deployment);
  const sizes = paused === true ? new Map<string, number>() : nextSizes({ deployment, newest, old });
  const updates = [newest, ...old].flatMap((set): readonly Write[] => {
    const isNewest = set === newest;
    const annotations = {
      ...set.metadata.annotations,
      ...sizeAnnotations(deployment, isNewest ? revision : revisionOf(set)),
    };
    const { minReadySeconds: before, ...spec } = specOf(set);
    const seconds = isNewest ? minReadySeconds : before;
    const replicas = sizes.get(set.metadata.name) ?? replicasOf(set);
    const object = {
      ...set,
      metadata: { ...set.metadata, annotations },
      spec: { ...spec, replicas, ...(seconds !== undefined && { minReadySeconds: seconds }) },
    };
    return equal(object, set) ? [] : [{ verb: "update", object }];
  });
  return sizes.size > 0 ? updates : [...updates, ...expired(deployment, old)];
}

interface ReplicaSets {
  readonly newest: KubeObject;
  /** The other ones, oldest first. */
  readonly old: readonly KubeObject[];
  /** The revision number that the newest has from now on. */
  readonly revision: number;
}

/** Deletes the oldest empty ReplicaSets beyond revisionHistoryLimit. */
function expired(deployment: KubeObject, old: readonly KubeObject[]): readonly Write[] {
  const limit = numberOf(specOf(deployment)["revisionHistoryLimit"], 10);
  const empty = old.filter((set) => replicasOf(set) === 0 && numberOf(statusOf(set)["replicas"]) === 0);
  return empty.slice(0, Math.max(0, old.length - limit)).map((object): Write => ({ verb: "delete", object }));
}

/** The write of the status and of the revision annotation, if either changes. */
function statusWrites(deployment: KubeObject, status: Fields, revision: number): readonly Write[] {
  if (equal(status, statusOf(deployment)) && revision === revisionOf(deployment)) return [];
  const annotations = { ...deployment.metadata.annotations, [annotation.revision]: String(revision) };
  const metadata = { ...deployment.metadata, annotations };
  return [{ verb: "update-status", object: { ...deployment, metadata, status } }];
}

/** Reconciles a Deployment with its ReplicaSets (pkg/controller/deployment of Kubernetes). */
export function reconcileDeployment(
  deployment: KubeObject,
  sets: readonly KubeObject[],
  nowMs: number,
): Reconciliation {
  const isDeleted = deployment.metadata.deletionTimestamp !== undefined;
  const newest = newestOf(deployment, sets);
  const old = sets.filter((set) => set !== newest).toSorted((a, b) => revisionOf(a) - revisionOf(b));
  if (newest === undefined && specOf(deployment)["paused"] !== true && !isDeleted)
    return { writes: [{ verb: "create", object: newReplicaSet(deployment, sets) }], requeueAtMs: nowMs };
  const revision =
    newest === undefined
      ? revisionOf(deployment)
      : Math.max(revisionOf(newest), ...old.map((set) => revisionOf(set) + 1));
  const writes =
    newest === undefined || isDeleted ? [] : replicaSetWrites(deployment, { newest, old, revision });
  const status = deploymentStatus({ deployment, newest, sets, nowMs });
  return {
    writes: [...writes, ...statusWrites(deployment, status, revision)],
    requeueAtMs: deadlineMs({ ...deployment, status }),
  };
}
