import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, compact, equal, itemsOf, numberOf, textOf } from "../apiserver/json.ts";
import { timestamp } from "../apiserver/writes.ts";
import { type Condition, conditionOf, limitsOf, replicasOf, specOf, statusOf } from "./workload.ts";

interface Situation {
  readonly deployment: KubeObject;
  readonly newest: KubeObject | undefined;
  readonly sets: readonly KubeObject[];
  readonly nowMs: number;
}

const total = (sets: readonly KubeObject[], field: string): number =>
  sets.reduce((sum, set) => sum + numberOf(statusOf(set)[field]), 0);

/** The numbers of a Deployment's status. */
function countsOf({ deployment, newest, sets }: Situation) {
  const available = total(sets, "availableReplicas");
  const wanted = sets.reduce((sum, set) => sum + replicasOf(set), 0);
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: total(sets, "replicas"),
    updatedReplicas: newest === undefined ? 0 : total([newest], "replicas"),
    readyReplicas: total(sets, "readyReplicas"),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
    terminatingReplicas: total(sets, "terminatingReplicas"),
  };
}

type Counts = ReturnType<typeof countsOf>;

function availability({ deployment }: Situation, { availableReplicas }: Counts): Condition {
  const isEnough = availableReplicas >= replicasOf(deployment) - limitsOf(deployment).unavailable;
  return isEnough
    ? condition("Available", "True", ["MinimumReplicasAvailable", "Deployment has minimum availability."])
    : condition("Available", "False", [
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
      ]);
}

const condition = (
  type: string,
  status: string,
  [reason, message]: readonly [string, string],
): Condition => ({
  type,
  status,
  reason,
  message,
});

const isComplete = ({ deployment }: Situation, counts: Counts): boolean => {
  const wanted = replicasOf(deployment);
  const { updatedReplicas, replicas, availableReplicas } = counts;
  return updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted;
};

/** Whether the rollout moved since the status was last written. */
function hasMoved({ deployment }: Situation, counts: Counts): boolean {
  const before = statusOf(deployment);
  const old = (status: Fields): number => numberOf(status["replicas"]) - numberOf(status["updatedReplicas"]);
  const grew = (field: keyof Counts): boolean => counts[field] > numberOf(before[field]);
  return (
    grew("updatedReplicas") || grew("readyReplicas") || grew("availableReplicas") || old(counts) < old(before)
  );
}

/** When a rollout that does not move counts as failed, ms; Infinity if it is over. */
export function deadlineMs(deployment: KubeObject): number {
  const progressing = conditionOf(deployment, "Progressing");
  if (progressing === undefined || progressing["reason"] === "NewReplicaSetAvailable") return Infinity;
  if (progressing["status"] === "False") return Infinity;
  const seconds = numberOf(specOf(deployment)["progressDeadlineSeconds"], 600);
  return Date.parse(textOf(progressing["lastUpdateTime"])) + seconds * 1000;
}

function progress(situation: Situation, counts: Counts): Condition | undefined {
  const { deployment, newest, nowMs } = situation;
  const name = newest?.metadata.name ?? "";
  const before = conditionOf(deployment, "Progressing") as Condition | undefined;
  if (isComplete(situation, counts))
    return condition("Progressing", "True", [
      "NewReplicaSetAvailable",
      `ReplicaSet "${name}" has successfully progressed.`,
    ]);
  if (before === undefined || hasMoved(situation, counts))
    return condition("Progressing", "True", ["ReplicaSetUpdated", `ReplicaSet "${name}" is progressing.`]);
  if (nowMs < deadlineMs(deployment) || before.status === "False") return before;
  return condition("Progressing", "False", [
    "ProgressDeadlineExceeded",
    `ReplicaSet "${name}" has timed out progressing.`,
  ]);
}

/** With the times at which it changed: of its status, and at all. */
function timed(next: Condition, situation: Situation, isNews: boolean): Fields {
  const before = conditionOf(situation.deployment, next.type);
  const now = timestamp(situation.nowMs);
  if (before === undefined) return { ...next, lastUpdateTime: now, lastTransitionTime: now };
  const isSame = before["status"] === next.status && before["reason"] === next.reason;
  if (isSame && !isNews) return before;
  const isFlip = before["status"] !== next.status;
  return { ...next, lastUpdateTime: now, lastTransitionTime: isFlip ? now : before["lastTransitionTime"] };
}

/** The status of a Deployment, from its ReplicaSets. */
export function deploymentStatus(situation: Situation): Fields {
  const { deployment, sets } = situation;
  const counts = countsOf(situation);
  const progressing = progress(situation, counts);
  const failure = sets
    .flatMap((set) => itemsOf(statusOf(set)["conditions"]))
    .find((one) => one["type"] === "ReplicaFailure" && one["status"] === "True") as Condition | undefined;
  const isNews = !isComplete(situation, counts) && hasMoved(situation, counts);
  const conditions = [
    timed(availability(situation, counts), situation, false),
    ...(progressing ? [timed(progressing, situation, isNews)] : []),
    ...(failure ? [timed(failure, situation, false)] : []),
  ];
  const next = compact({ ...counts, conditions });
  return equal(next, statusOf(deployment)) ? statusOf(deployment) : next;
}
