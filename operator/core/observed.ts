import type { Track } from "../api/names.ts";
import type { DemoAppSpec, DemoAppStatus } from "../api/schema.ts";
import type { Scope } from "./action.ts";
import type { Analysis } from "./analysis/state.ts";
import type { Fields, Manifest } from "./manifest.ts";

/** One value for each Deployment of an app. */
export type Tracks<T> = Readonly<Record<Track, T>>;

/** The live DemoApp. */
export interface App {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly deleting: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  /** Undefined if the stored spec is invalid under the present schema; `problems` says why. */
  readonly spec: DemoAppSpec | undefined;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  /** The last written status. It is derived from the other objects and can be missing. */
  readonly status: DemoAppStatus | undefined;
}

/** How a rollout ended. `superseded`: the spec requested another revision before the rollout had an outcome. */
export type Outcome = "accepted" | "rejected" | "superseded";

/** A revision of the app, stored in a ControllerRevision: the rendered pod template and its last rollout. */
export interface Revision {
  readonly hash: string;
  /** The number of the revision's last rollout. Each new rollout of the app gets a higher number. */
  readonly rollout: number;
  readonly image: string;
  /** Undefined if the cache has dropped the template, because the plan does not need it (`neededTemplates`). */
  readonly template: Fields | undefined;
  /** `digestOf` the template that the cache has dropped. */
  readonly templateDigest?: string | undefined;
  /** Of a revision without template: true if the spec asks for it in another spelling of quantities. */
  readonly isRespelt?: boolean | undefined;
  readonly startedAt: string;
  /** Undefined until the rollout is decided. */
  readonly outcome: Outcome | undefined;
  readonly finishedAt: string | undefined;
  /** When the revision was last accepted. A rejection removes the time, a later rollout does not. */
  readonly acceptedAt?: string | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  /** Untrusted text about the rejection, as in `ReasonMessage`. Removed when a later rollout is accepted. */
  readonly quote?: string | undefined;
  readonly live: Manifest;
}

/** The state of one container. */
export interface ContainerState {
  readonly name: string;
  /** True if the container passes its probes. A pod with ready containers can still wait for a readiness gate. */
  readonly ready: boolean;
  readonly restarts: number;
  readonly runningSince: string | undefined;
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  /** How the container terminated last: its present state or the one before. */
  readonly terminated: Termination | undefined;
}

export interface Termination {
  readonly reason: string;
  readonly exitCode: number;
  readonly message: string;
  readonly at: string;
}

/** A pod of the app, reduced to the fields that core reads. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly hash: string;
  /** The track of the Deployment that controls the pod. */
  readonly track: Track;
  /** `restartsOf` the pod's metadata. */
  readonly restarts: string;
  readonly createdAt: string;
  readonly deleting: boolean;
  readonly ready: boolean;
  /** When the pod last became ready or unready; undefined if the kubelet has not reported readiness. */
  readonly readinessSince: string | undefined;
  /** The pod's own IP address; undefined on the host's network. */
  readonly address?: string | undefined;
  /** Why the scheduler finds no node for the pod; undefined if it found one. */
  readonly unschedulable: string | undefined;
  readonly containers: readonly ContainerState[];
}

/** A Warning Event of a pod. Only Events tell a probe's answer and which volume is missing. */
export interface PodWarning {
  readonly pod: string;
  readonly reason: string;
  readonly message: string;
}

/** A request that the API server refuses until a person acts, or a write that another writer reverts again and again. */
export interface Refusal {
  readonly scope: Scope;
  /** `Kind/name`. */
  readonly object: string;
  readonly status: number;
  readonly message: string;
  /** The field manager that reverts the write, if one does. */
  readonly contestedBy?: string;
}

/** A ControllerRevision with the app's labels that is none of its revisions. */
export interface IgnoredRevision {
  readonly live: Manifest;
  /** The end of a sentence that begins with the object's name: "is not owned by this DemoApp". */
  readonly why: string;
}

/** Everything that the operator knows about one app at one moment. */
export interface Observed {
  readonly app: App;
  readonly deployments: Tracks<Manifest | undefined>;
  readonly service: Manifest | undefined;
  /** The Service with the name of the candidate's own one. */
  readonly preview?: Manifest | undefined;
  readonly revisions: readonly Revision[];
  readonly ignoredRevisions: readonly IgnoredRevision[];
  readonly pods: readonly Pod[];
  readonly warnings: readonly PodWarning[];
  /** Names of the HorizontalPodAutoscalers that target the app's Deployment. */
  readonly scalers: readonly string[];
  /** Children that the API server refuses to return. */
  readonly refused: readonly Refusal[];
  /** What this process knows of the requests of the rollout; the status stores it up to 30 s later. */
  readonly analysis?: Analysis | undefined;
  /** Since when the operator has watched the app as the leader, ms since 1970; undefined: for ever. */
  readonly watchedSinceMs?: number | undefined;
}

/** An Observed with a valid spec. */
export type ObservedApp = Observed & { readonly app: App & { readonly spec: DemoAppSpec } };

/** A Kubernetes time as ms since 1970; 0 if undefined. */
export const millis = (time: string | undefined): number => (time === undefined ? 0 : Date.parse(time));

/** Milliseconds since 1970 as a Kubernetes time: RFC 3339, in whole seconds. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
