// The fields and messages of kubelet 1.35 with containerd, recorded on a real node.
import { timestamp } from "../../../operator/core/observed.ts";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, compact, fieldsOf, itemsOf, numberOf, textOf } from "../apiserver/json.ts";

/** The next state of a pod's containers. */
export interface Step {
  /** Time since the previous step. */
  readonly delayMs: number;
  readonly state: "waiting" | "running" | "terminated";
  /** For `running`: whether the readiness probe succeeds, default false. */
  readonly ready?: boolean;
  /** For `waiting` and `terminated`. */
  readonly reason?: string;
  readonly message?: string | undefined;
  readonly exitCode?: number;
  /** A Warning event that the kubelet writes about the pod. */
  readonly warning?: Warning;
}

export interface Warning {
  readonly reason: string;
  readonly message: string;
}

const containersOf = ({ spec }: KubeObject): readonly Fields[] => itemsOf(fieldsOf(spec)["containers"]);

/** The image of the app's container: the one named `app`, otherwise the first one. */
export function imageOf(pod: KubeObject): string {
  const containers = containersOf(pod);
  return textOf((containers.find(({ name }) => name === "app") ?? containers[0])?.["image"]);
}

/** The pod's name and uid as they stand in the kubelet's messages. */
export const podText = ({ metadata: { name, namespace, uid } }: KubeObject): string =>
  `${name}_${namespace}(${uid})`;

/** True once the pod's status tells of its containers. */
export const hasContainerStatuses = ({ status }: KubeObject): boolean =>
  itemsOf(fieldsOf(status)["containerStatuses"]).length > 0;

const containerID = `containerd://${"0".repeat(64)}`;

/** The condition; lastTransitionTime stays while the status is the same. */
function condition(type: string, said: Fields, { before, nowMs }: { before: Fields; nowMs: number }): Fields {
  const known = itemsOf(before["conditions"]).find((one) => one["type"] === type);
  const isSame = known?.["status"] === said["status"];
  const lastTransitionTime = isSame ? known?.["lastTransitionTime"] : timestamp(nowMs);
  return { type, lastProbeTime: null, lastTransitionTime, ...said };
}

/** The container's `state`, `lastState` and `restartCount` after a step. */
function containerState({ state, reason, message, exitCode }: Step, before: Fields, nowMs: number) {
  const previous = fieldsOf(before["state"]);
  const { startedAt = timestamp(nowMs) } = fieldsOf(previous["running"]);
  const lastState = "terminated" in previous ? previous : fieldsOf(before["lastState"]);
  const isRestart = state === "running" && !("running" in previous) && "terminated" in lastState;
  const details = {
    waiting: { reason, message },
    running: { startedAt },
    terminated: { exitCode, reason, message, startedAt, finishedAt: timestamp(nowMs), containerID },
  };
  return {
    state: { [state]: compact(details[state]) },
    lastState,
    restartCount: numberOf(before["restartCount"]) + (isRestart ? 1 : 0),
  };
}

/** The status of a pod after a step. */
export function statusAfter(step: Step, pod: KubeObject, nowMs: number): Fields {
  const before = fieldsOf(pod["status"]);
  const [container = {}] = itemsOf(before["containerStatuses"]);
  const next = containerState(step, container, nowMs);
  const { ready = false } = step;
  const hasStarted = step.state !== "waiting" || "terminated" in next.lastState;
  const image = imageOf(pod);
  const names = containersOf(pod).map(({ name }) => name);
  const readiness = ready
    ? { status: "True" }
    : {
        status: "False",
        reason: "ContainersNotReady",
        message: `containers with unready status: [${names.join(" ")}]`,
      };
  const conditions = {
    PodReadyToStartContainers: { status: "True" },
    Initialized: { status: "True" },
    Ready: readiness,
    ContainersReady: readiness,
    PodScheduled: { status: "True" },
  };
  return {
    phase: hasStarted ? "Running" : "Pending",
    conditions: Object.entries(conditions).map(([type, said]) => condition(type, said, { before, nowMs })),
    containerStatuses: names.map((name) => ({
      name,
      ...next,
      ready,
      started: step.state === "running",
      image,
      imageID: hasStarted ? `${image}@sha256:${"0".repeat(64)}` : "",
      ...(hasStarted && { containerID }),
    })),
    podIP: "192.0.2.2",
    podIPs: [{ ip: "192.0.2.2" }],
    hostIP: "192.0.2.1",
    hostIPs: [{ ip: "192.0.2.1" }],
    startTime: before["startTime"] ?? timestamp(nowMs),
  };
}
