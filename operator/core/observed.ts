import type { DemoAppSpec, DemoAppStatus } from "../api/schema.ts";
import type { Fields, Manifest } from "./manifest.ts";

/** The DemoApp as it is on the server. */
export interface App {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly deleting: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  /** Undefined if what is stored is not valid today; `problems` says why. */
  readonly spec: DemoAppSpec | undefined;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  /** What was last written there; it is only a projection, and may be missing. */
  readonly status: DemoAppStatus | undefined;
}

/** How a rollout of a revision ended. `superseded`: another version was asked for before it was decided. */
export type Outcome = "accepted" | "rejected" | "superseded";

/** A ControllerRevision of the app: the rendered pod template and what became of it. */
export interface Revision {
  readonly hash: string;
  /** The rollout's number: higher for every start, of the same hash too. */
  readonly rollout: number;
  readonly image: string;
  readonly template: Fields;
  readonly startedAt: string;
  /** Undefined while the rollout is under way. */
  readonly outcome: Outcome | undefined;
  readonly finishedAt: string | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly live: Manifest;
}

/** One container's state, as far as health is read from it. */
export interface ContainerState {
  readonly name: string;
  /** Its own word, from its probes; a pod may lack more than that to be ready. */
  readonly ready: boolean;
  readonly restarts: number;
  readonly runningSince: string | undefined;
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  /** The last end of it, the present one included. */
  readonly ended: Ending | undefined;
}

export interface Ending {
  readonly reason: string;
  readonly exitCode: number;
  readonly message: string;
  readonly at: string;
}

/** A pod of the app, cut down to what is used. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly hash: string;
  readonly createdAt: string;
  readonly deleting: boolean;
  readonly ready: boolean;
  /** Since when it is ready, or isn't; undefined if the kubelet has not said either. */
  readonly readinessSince: string | undefined;
  /** Why the scheduler has no place for it. */
  readonly unschedulable: string | undefined;
  readonly containers: readonly ContainerState[];
}

/** A warning about a pod from its Events: the only place that says what a probe got or which volume lacks. */
export interface PodWarning {
  readonly pod: string;
  readonly reason: string;
  readonly message: string;
}

/** A write that the API server refused for good: waiting will not help, a person has to act. */
export interface Refusal {
  readonly object: string;
  readonly status: number;
  readonly message: string;
}

/** Everything that a decision about one app is made from, seen at one moment. */
export interface Observed {
  readonly app: App;
  readonly deployment: Manifest | undefined;
  readonly service: Manifest | undefined;
  readonly revisions: readonly Revision[];
  readonly pods: readonly Pod[];
  readonly warnings: readonly PodWarning[];
  /** Names of the HorizontalPodAutoscalers that target our Deployment. */
  readonly scalers: readonly string[];
  readonly refused: Refusal | undefined;
}

/** An Observed whose spec is valid; what strategies work on. */
export type ObservedApp = Observed & { readonly app: App & { readonly spec: DemoAppSpec } };

/** Milliseconds since 1970 of a Kubernetes time; 0 for none. */
export const millis = (time: string | undefined): number => (time === undefined ? 0 : Date.parse(time));

/** A Kubernetes time (RFC 3339, whole seconds) of milliseconds since 1970. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
