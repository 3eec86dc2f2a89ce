// The shapes and words of kubelet 1.35 with containerd, as seen on a real node.
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, compact, fieldsOf, itemsOf, textOf } from "../apiserver/json.ts";
import { timestamp } from "../apiserver/writes.ts";

/** What a pod's containers do at one moment. */
export interface Moment {
  /** The state of the first container, as in containerStatuses. */
  readonly state: Fields;
  readonly lastState?: Fields;
  readonly ready?: boolean;
  readonly restarts?: number;
  /** A Warning that the kubelet writes about it. */
  readonly warning?: { readonly reason: string; readonly message: string };
}

export const imageOf = (pod: KubeObject): string =>
  textOf(itemsOf(fieldsOf(pod["spec"])["containers"])[0]?.["image"]);

/** A name and uid as the kubelet writes them into messages. */
export const podText = ({ metadata: { name, namespace, uid } }: KubeObject): string =>
  `${name}_${namespace}(${uid})`;

export const waiting = (reason: string, message?: string): Fields => ({
  waiting: compact({ reason, message }),
});

export const running = (nowMs: number): Fields => ({ running: { startedAt: timestamp(nowMs) } });

interface End {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string | undefined;
}

const containerId = "containerd://0000000000000000000000000000000000000000000000000000000000000000";

export const terminated = ({ exitCode, reason, message }: End, nowMs: number): Fields => ({
  terminated: compact({
    exitCode,
    reason,
    message,
    startedAt: timestamp(nowMs),
    finishedAt: timestamp(nowMs),
    containerID: containerId,
  }),
});

/** With the time of its last change: the one from before if it says the same. */
function condition(type: string, { before, nowMs }: { before: Fields; nowMs: number }, said: Fields): Fields {
  const known = itemsOf(before["conditions"]).find((one) => one["type"] === type);
  const isSame = known?.["status"] === said["status"];
  const lastTransitionTime = isSame ? known?.["lastTransitionTime"] : timestamp(nowMs);
  return { type, lastProbeTime: null, lastTransitionTime, ...said };
}

/** A pod's status at a moment, given what was written before. */
export function statusAt(
  pod: KubeObject,
  before: Fields,
  { moment, nowMs }: { moment: Moment; nowMs: number },
): Fields {
  const { state, lastState = {}, ready = false, restarts = 0 } = moment;
  const hasStarted = !("waiting" in state) || "terminated" in lastState;
  const image = imageOf(pod);
  const containers = itemsOf(fieldsOf(pod["spec"])["containers"]).map(({ name }) => name);
  const yes = { status: "True" };
  const unready = {
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${containers.join(" ")}]`,
  };
  const told = (type: string, said: Fields): Fields => condition(type, { before, nowMs }, said);
  return {
    phase: hasStarted ? "Running" : "Pending",
    conditions: [
      told("PodReadyToStartContainers", yes),
      told("Initialized", yes),
      told("Ready", ready ? yes : unready),
      told("ContainersReady", ready ? yes : unready),
      told("PodScheduled", yes),
    ],
    containerStatuses: containers.map((name) => ({
      name,
      state,
      lastState,
      ready,
      started: "running" in state,
      restartCount: restarts,
      image,
      imageID: hasStarted ? `${image}@sha256:${"0".repeat(64)}` : "",
      ...(hasStarted && { containerID: containerId }),
    })),
    hostIP: "192.0.2.1",
    hostIPs: [{ ip: "192.0.2.1" }],
    startTime: before["startTime"] ?? timestamp(nowMs),
  };
}

/** The status of a pod that the scheduler finds no node for. */
export const unschedulable = (before: Fields, nowMs: number): Fields => ({
  phase: "Pending",
  conditions: [
    condition(
      "PodScheduled",
      { before, nowMs },
      {
        status: "False",
        reason: "Unschedulable",
        message:
          "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
      },
    ),
  ],
});
