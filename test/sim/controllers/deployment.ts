import { createHash } from "node:crypto";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import type { Insider } from "../apiserver/insider.ts";
import { type Fields, equal, fieldsOf, numberOf } from "../apiserver/json.ts";
import { deadlineMs, deploymentStatus } from "./progress.ts";
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

const sets = "replicasets.apps";
const deployments = "deployments.apps";

const safe = "bcdfghjklmnpqrstvwxz2456789";

/** A name for a template: the letters of the real one, not its hash function. */
const templateHash = (template: Fields): string =>
  [...createHash("sha256").update(JSON.stringify(template)).digest()]
    .slice(0, 10)
    .map((byte) => safe[byte % safe.length])
    .join("");

/** Annotations that a ReplicaSet does not take over from its Deployment. */
const ownAnnotations: ReadonlySet<string> = new Set([
  ...Object.values(annotation),
  "kubectl.kubernetes.io/last-applied-configuration",
]);

const sizeAnnotations = (deployment: KubeObject): Record<string, string> => ({
  [annotation.desired]: String(replicasOf(deployment)),
  [annotation.max]: String(replicasOf(deployment) + limitsOf(deployment).surge),
});

const inherited = ({ metadata: { annotations = {} } }: KubeObject): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations).filter(([name]) => !ownAnnotations.has(name)));

function newSet(deployment: KubeObject, existing: readonly KubeObject[]) {
  const { name, namespace = "" } = deployment.metadata;
  const spec = specOf(deployment);
  const template = fieldsOf(spec["template"]);
  const hash = templateHash(template);
  const metadata = fieldsOf(template["metadata"]);
  const labels = { ...fieldsOf(metadata["labels"]), [hashLabel]: hash } as Record<string, string>;
  const revision = Math.max(0, ...existing.map(revisionOf)) + 1;
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels,
      annotations: {
        ...inherited(deployment),
        ...sizeAnnotations(deployment),
        [annotation.revision]: String(revision),
      },
      ownerReferences: [ownerReference(deployment)],
    },
    spec: {
      replicas: newestSize(deployment, 0, existing),
      minReadySeconds: spec["minReadySeconds"],
      selector: {
        matchLabels: { ...fieldsOf(fieldsOf(spec["selector"])["matchLabels"]), [hashLabel]: hash },
      },
      template: { ...template, metadata: { ...metadata, labels } },
    },
  };
}

/** A ReplicaSet as it should be, given what its Deployment says now. */
function refreshed(
  set: KubeObject,
  deployment: KubeObject,
  { replicas, revision }: { replicas: number; revision: number },
): KubeObject {
  const { minReadySeconds } = specOf(deployment);
  const { minReadySeconds: _, ...spec } = specOf(set);
  const annotations = {
    ...set.metadata.annotations,
    ...sizeAnnotations(deployment),
    [annotation.revision]: String(revision),
  };
  const isNewest = newestOf(deployment, [set]) !== undefined;
  const seconds = isNewest ? minReadySeconds : specOf(set)["minReadySeconds"];
  return {
    ...set,
    metadata: { ...set.metadata, annotations },
    spec: { ...spec, replicas, ...(seconds !== undefined && { minReadySeconds: seconds }) },
  };
}

/** One pass of the Deployment controller. Gives the time at which to look again, in ms. */
export function syncDeployment(
  writer: Insider,
  deployment: KubeObject,
  { owned, nowMs }: { owned: readonly KubeObject[]; nowMs: number },
): number {
  const old = owned
    .filter((set) => set !== newestOf(deployment, owned))
    .sort((a, b) => revisionOf(a) - revisionOf(b));
  const newest = newestOf(deployment, owned);
  const isPaused = specOf(deployment)["paused"] === true;
  if (newest === undefined && !isPaused && deployment.metadata.deletionTimestamp === undefined) {
    writer.create(sets, newSet(deployment, owned));
    return nowMs;
  }
  const revision =
    newest === undefined
      ? revisionOf(deployment)
      : Math.max(revisionOf(newest), ...old.map((set) => revisionOf(set) + 1));
  if (newest !== undefined && deployment.metadata.deletionTimestamp === undefined) {
    const sizes = isPaused ? new Map<string, number>() : nextSizes({ deployment, newest, old });
    for (const set of [newest, ...old]) {
      const replicas = sizes.get(set.metadata.name) ?? replicasOf(set);
      const next = refreshed(set, deployment, {
        replicas,
        revision: set === newest ? revision : revisionOf(set),
      });
      if (!equal(next, set)) writer.update(sets, next);
    }
    if (sizes.size === 0) removeHistory(writer, deployment, old);
  }
  const status = deploymentStatus({ deployment, newest, sets: owned, nowMs });
  report(writer, deployment, { status, revision });
  return deadlineMs({ ...deployment, status });
}

interface Report {
  readonly status: Fields;
  readonly revision: number;
}

/** Writes status and revision, which is an annotation, if they are news; the stand-in needs no version, it is alone. */
function report(writer: Insider, deployment: KubeObject, { status, revision }: Report): void {
  const { resourceVersion: _, annotations = {}, ...metadata } = deployment.metadata;
  const isNews = !equal(status, statusOf(deployment)) || revision !== revisionOf(deployment);
  const marked = { ...metadata, annotations: { ...annotations, [annotation.revision]: String(revision) } };
  if (isNews) writer.update(deployments, { ...deployment, metadata: marked, status }, "status");
}

function removeHistory(writer: Insider, deployment: KubeObject, old: readonly KubeObject[]): void {
  const limit = numberOf(specOf(deployment)["revisionHistoryLimit"], 10);
  const empty = old.filter((set) => replicasOf(set) === 0 && numberOf(statusOf(set)["replicas"]) === 0);
  for (const set of empty.slice(0, Math.max(0, old.length - limit))) writer.delete(sets, set);
}
