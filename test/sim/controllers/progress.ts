import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { timestamp } from "../../../operator/core/observed.ts";
import { type Fields, equal, itemsOf, numberOf, textOf } from "../apiserver/json.ts";
import { withoutZeroValues } from "../apiserver/kinds/defaults.ts";
import { conditionOf, limitsOf, replicasOf, specOf, statusOf } from "./workload.ts";

interface Situation {
  readonly deployment: KubeObject;
  readonly newest: KubeObject | undefined;
  readonly sets: readonly KubeObject[];
  readonly nowMs: number;
}

const total = (sets: readonly KubeObject[], field: string): number =>
  sets.reduce((sum, set) => sum + numberOf(statusOf(set)[field]), 0);

function countsOf({ deployment, newest, sets }: Situation) {
  const available = total(sets, "availableReplicas");
  const desired = sets.reduce((sum, set) => sum + replicasOf(set), 0);
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: total(sets, "replicas"),
    updatedReplicas: newest === undefined ? 0 : total([newest], "replicas"),
    readyReplicas: total(sets, "readyReplicas"),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, desired - available),
    terminatingReplicas: total(sets, "terminatingReplicas"),
  };
}

type Counts = ReturnType<typeof countsOf>;

function availability({ deployment }: Situation, { availableReplicas }: Counts): Fields {
  const isEnough = availableReplicas >= replicasOf(deployment) - limitsOf(deployment).unavailable;
  return {
    type: "Available",
    status: isEnough ? "True" : "False",
    reason: isEnough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    message: `Deployment ${isEnough ? "has" : "does not have"} minimum availability.`,
  };
}

const isComplete = ({ deployment }: Situation, counts: Counts): boolean => {
  const desired = replicasOf(deployment);
  const { updatedReplicas, replicas, availableReplicas } = counts;
  return updatedReplicas === desired && replicas === desired && availableReplicas === desired;
};

/** True if the rollout has progressed since the last status: more new, ready or available pods, or fewer old pods. */
function hasProgressed({ deployment }: Situation, counts: Counts): boolean {
  const before = statusOf(deployment);
  const old = (status: Fields): number => numberOf(status["replicas"]) - numberOf(status["updatedReplicas"]);
  const grew = (field: keyof Counts): boolean => counts[field] > numberOf(before[field]);
  return (
    grew("updatedReplicas") || grew("readyReplicas") || grew("availableReplicas") || old(counts) < old(before)
  );
}

/** When the rollout exceeds its progress deadline, in ms since 1970; Infinity if it has ended or failed. */
export function deadlineMs(deployment: KubeObject): number {
  const progressing = conditionOf(deployment, "Progressing");
  if (progressing === undefined || progressing["reason"] === "NewReplicaSetAvailable") return Infinity;
  if (progressing["status"] === "False") return Infinity;
  const seconds = numberOf(specOf(deployment)["progressDeadlineSeconds"], 600);
  return Date.parse(textOf(progressing["lastUpdateTime"])) + seconds * 1000;
}

function progress(situation: Situation, counts: Counts): Fields {
  const { deployment, newest, nowMs } = situation;
  const before = conditionOf(deployment, "Progressing");
  const set = `ReplicaSet "${newest?.metadata.name ?? ""}"`;
  const condition = (status: "True" | "False", reason: string, message: string): Fields => ({
    type: "Progressing",
    status,
    reason,
    message,
  });
  if (isComplete(situation, counts))
    return condition("True", "NewReplicaSetAvailable", `${set} has successfully progressed.`);
  if (before === undefined || hasProgressed(situation, counts))
    return condition("True", "ReplicaSetUpdated", `${set} is progressing.`);
  if (nowMs < deadlineMs(deployment) || before["status"] === "False") return before;
  return condition("False", "ProgressDeadlineExceeded", `${set} has timed out progressing.`);
}

/** The condition with its times: lastTransitionTime changes with the status, lastUpdateTime also with progress. */
function timed(next: Fields, { deployment, nowMs }: Situation, hasProgress: boolean): Fields {
  const before = conditionOf(deployment, textOf(next["type"]));
  const now = timestamp(nowMs);
  if (before === undefined) return { ...next, lastUpdateTime: now, lastTransitionTime: now };
  const isSame = before["status"] === next["status"] && before["reason"] === next["reason"];
  if (isSame && !hasProgress) return before;
  const lastTransitionTime = before["status"] === next["status"] ? before["lastTransitionTime"] : now;
  return { ...next, lastUpdateTime: now, lastTransitionTime };
}

/** The status of a Deployment, computed from its ReplicaSets; the stored one if nothing changes. */
export function deploymentStatus(situation: Situation): Fields {
  const { deployment, sets } = situation;
  const counts = countsOf(situation);
  const failure = sets
    .flatMap((set) => itemsOf(statusOf(set)["conditions"]))
    .find((condition) => condition["type"] === "ReplicaFailure" && condition["status"] === "True");
  const hasProgress = !isComplete(situation, counts) && hasProgressed(situation, counts);
  const conditions = [
    timed(availability(situation, counts), situation, false),
    timed(progress(situation, counts), situation, hasProgress),
    ...(failure ? [timed(failure, situation, false)] : []),
  ];
  const next = withoutZeroValues({ ...counts, conditions }) as Fields;
  return equal(next, statusOf(deployment)) ? statusOf(deployment) : next;
}
