import { podOf } from "../../../../operator/controller/transform.ts";
import type { Readings } from "../../../../operator/core/analysis/deltas.ts";
import { withReadings } from "../../../../operator/core/analysis/look.ts";
import {
  type Measuring,
  followedPods,
  isWarm,
  lookMs,
  withLatest,
} from "../../../../operator/core/analysis/pods.ts";
import type { Analysis } from "../../../../operator/core/analysis/state.ts";
import type { Reading } from "../../../../operator/core/counters.ts";
import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";
import { fieldsOf } from "../../../sim/apiserver/json.ts";
import { imageOf } from "../../../sim/kubelet/status.ts";
import type { Simulation } from "./simulation.ts";

interface Counted {
  requests: number;
  failed: number;
}

/** Requests to the Service of a simulated app, evenly spread over its pods, and the counters of the pods. */
export class Traffic {
  /** Requests per second of the whole app. */
  perSecond = 20;
  /** Share of failed requests by image; of other images none fail. */
  failing: Readonly<Record<string, number>> = {};
  /** What pods answer instead of counters, by image. */
  readonly problems = new Map<string, string>();
  /** What the operator's process knows of the requests. */
  analysis: Analysis | undefined;
  lookAtMs: number;
  #measuring: Measuring | undefined;
  /** By the uid of the pod and the restarts of its container. */
  readonly #counters = new Map<string, Counted>();

  constructor(nowMs: number) {
    this.lookAtMs = nowMs + lookMs;
  }

  #of(pod: KubeObject): Counted {
    const { containers } = podOf(pod);
    const key = `${pod.metadata.uid}/${containers[0]?.restarts ?? 0}`;
    const counted = this.#counters.get(key) ?? { requests: 0, failed: 0 };
    this.#counters.set(key, counted);
    return counted;
  }

  /** Sends the requests of a time to the ready pods that the Service selects. */
  send({ cluster, app, pods }: Simulation, seconds: number): void {
    const selector = fieldsOf(fieldsOf(cluster.get("Service", app.name)?.["spec"])["selector"]);
    const served = pods.filter(
      (pod) =>
        podOf(pod).ready &&
        Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value),
    );
    for (const pod of served) {
      const counted = this.#of(pod);
      const requests = (this.perSecond * seconds) / served.length;
      counted.requests += requests;
      counted.failed += requests * (this.failing[imageOf(pod)] ?? 0);
    }
  }

  /** What a report says of the measuring; a process that was killed forgets what it knew. */
  follow(measuring: Measuring | undefined, isKilled: boolean): void {
    this.#measuring = measuring;
    if (isKilled || measuring === undefined) this.analysis = undefined;
  }

  /** Reads the counters of the pods that an analysis follows, as the workers do. Returns true if the app was measured. */
  look({ pods: live, nowMs }: Simulation): boolean {
    this.lookAtMs = nowMs + lookMs;
    if (this.#measuring === undefined) return false;
    const measuring = withLatest(this.#measuring, this.analysis);
    const pods = live.map(podOf);
    const objects = new Map(live.map((pod) => [pod.metadata.uid, pod]));
    const readings: Readings["readings"] = new Map(
      followedPods(measuring, pods)
        .filter((pod) => isWarm(pod, nowMs))
        .map(({ uid }) => [uid, this.#read(objects.get(uid))]),
    );
    this.analysis = withReadings(measuring, { pods, readings, nowMs });
    return true;
  }

  #read(pod: KubeObject | undefined): Reading {
    if (pod === undefined) return { problem: "no answer" };
    const problem = this.problems.get(imageOf(pod));
    if (problem !== undefined) return { problem };
    const { requests, failed } = this.#of(pod);
    return { counters: { requests: Math.floor(requests), failed: Math.floor(failed), tellsRoutes: true } };
  }
}
