import { apiVersion, childAnnotations, kind } from "../../../operator/api/names.ts";
import { type DemoAppSpec, type DemoAppStatus, demoAppSpec } from "../../../operator/api/schema.ts";
import type { Action } from "../../../operator/core/action.ts";
import { hashOf } from "../../../operator/core/hash.ts";
import type { Fields, Manifest } from "../../../operator/core/manifest.ts";
import {
  type App,
  type ContainerState,
  type Observed,
  type Outcome,
  type Pod,
  type Refusal,
  type Revision,
  timestamp,
} from "../../../operator/core/observed.ts";
import { renderPodTemplate } from "../../../operator/core/render/pod.ts";
import { renderRevision } from "../../../operator/core/revisions.ts";

/** The current time in tests, ms since 1970: 2026-01-01T00:00:00Z. */
export const startMs = Date.UTC(2026, 0, 1);
/** A timestamp, in seconds after `startMs`. */
export const at = (seconds: number): string => timestamp(startMs + seconds * 1000);

export const spec = (fields: Readonly<Record<string, unknown>> = {}): DemoAppSpec =>
  demoAppSpec.parse({ image: "app:1", ...fields });

export const app = (fields: Partial<App> = {}): App => ({
  name: "web",
  namespace: "team",
  uid: "uid-web",
  generation: 1,
  deleting: false,
  annotations: {},
  spec: spec(),
  problems: [],
  status: undefined,
  ...fields,
});

export const owner = {
  apiVersion,
  kind,
  name: "web",
  uid: "uid-web",
  controller: true,
  blockOwnerDeletion: true,
};

/** A revision of `app()`. Rollout 2 started at second -980. */
export function revision(
  image: string,
  rollout: number,
  outcome?: Outcome,
): Revision & { readonly template: Fields } {
  const requested = spec({ image });
  const bare = {
    hash: hashOf(requested),
    rollout,
    image,
    template: renderPodTemplate(app(), requested),
    startedAt: at(rollout * 10 - 1000),
    outcome,
    finishedAt: outcome && at(rollout * 10 - 995),
    acceptedAt: outcome === "accepted" ? at(rollout * 10 - 995) : undefined,
    reason: outcome === "rejected" ? "CrashLoop" : undefined,
    message:
      outcome === "rejected" ? "container app of pod a is crash-looping, last with exit code 1" : undefined,
    live: { apiVersion, kind: "ControllerRevision", metadata: { name: "x" } },
  };
  return { ...bare, live: renderRevision(app(), bare) };
}

export const running = (name = "app", since = at(-500)): ContainerState => ({
  name,
  ready: true,
  restarts: 0,
  runningSince: since,
  waiting: undefined,
  terminated: undefined,
});

export const waiting = (
  reason: string,
  message = "",
  more: Partial<ContainerState> = {},
): ContainerState => ({
  ...running(),
  ready: false,
  runningSince: undefined,
  waiting: { reason, message },
  ...more,
});

export const crashing = (message: string, seconds = 0, more: Partial<ContainerState> = {}): ContainerState =>
  waiting("CrashLoopBackOff", "back-off", {
    restarts: 2,
    terminated: { reason: "Error", exitCode: 1, message, at: at(seconds) },
    ...more,
  });

export const pod = (name: string, of: Revision, more: Partial<Pod> = {}): Pod => ({
  name,
  uid: `uid-${name}`,
  hash: of.hash,
  track: "stable",
  restarts: "",
  createdAt: at(-500),
  deleting: false,
  ready: true,
  readinessSince: at(-400),
  unschedulable: undefined,
  containers: [running()],
  ...more,
});

/** A pod that is not ready since second -450, with containers that are not ready. */
export const unready = (
  name: string,
  of: Revision,
  container: ContainerState | readonly ContainerState[],
): Pod =>
  pod(name, of, {
    ready: false,
    readinessSince: at(-450),
    containers: [container].flat().map((one) => ({ ...one, ready: false })),
  });

/** What a test observes; `deployment` is the stable track's, and the scope of a refusal follows from its object. */
export type ObservedFields = Partial<Omit<Observed, "refused">> & {
  readonly deployment?: Manifest | undefined;
  readonly refused?: Omit<Refusal, "scope">;
};

const withScope = (refusal: Omit<Refusal, "scope">): Refusal => ({
  ...refusal,
  scope: refusal.object.startsWith("Service") ? "traffic" : "stable",
});

export const observed = ({ deployment, refused, ...fields }: ObservedFields = {}): Observed => ({
  app: app(),
  deployments: { stable: deployment, candidate: undefined },
  service: undefined,
  revisions: [],
  ignoredRevisions: [],
  pods: [],
  warnings: [],
  scalers: [],
  refused: refused ? [withScope(refused)] : [],
  ...fields,
});

/** An applied Deployment after the API server and the Deployment controller have processed it. */
export const rolledOut = (deployment: Manifest, counts: Fields = {}): Manifest => {
  const replicas = (deployment["spec"] as { replicas: number }).replicas;
  const all = { replicas, readyReplicas: replicas, updatedReplicas: replicas, availableReplicas: replicas };
  return {
    ...deployment,
    metadata: { ...deployment.metadata, uid: `uid-${deployment.kind}`, generation: 1, resourceVersion: "1" },
    status: { observedGeneration: 1, ...all, ...counts },
  };
};

/** The object of a kind that a plan applies or patches. Throws if the plan does neither. */
export function applied(actions: readonly Action[], appliedKind: string): Manifest {
  const action = actions.find(
    ({ do: verb, object }) => /^(apply|patch)$/.test(verb) && object.kind === appliedKind,
  );
  if (!action)
    throw new Error(`no ${appliedKind} is applied by ${JSON.stringify(actions.map(({ why }) => why))}`);
  return action.object;
}

/** The Deployment with the stored progress of a rollout: `best` pods were available at a second. */
export const withProgress = (deployment: Manifest, best: number, seconds: number): Manifest => ({
  ...deployment,
  metadata: {
    ...deployment.metadata,
    annotations: {
      ...deployment.metadata.annotations,
      [childAnnotations.best]: String(best),
      [childAnnotations.progressAt]: at(seconds),
    },
  },
});

/** A status whose Ready condition became False at a second. */
export const unreadySince = (seconds: number): DemoAppStatus => ({
  conditions: [
    { type: "Ready", status: "False", lastTransitionTime: at(seconds), reason: "Recovering", message: "" },
  ],
});

/** A Service with the app's name that someone else created. */
export const foreignService: Manifest = { apiVersion: "v1", kind: "Service", metadata: { name: "web" } };
