/** Every name that the operator sets, reads or reserves in the cluster. Other files use these constants only. */

export const group = "demoapp.dev";
export const version = "v1";
export const apiVersion = `${group}/${version}`;
export const kind = "DemoApp";
export const plural = "demoapps";
export const singular = "demoapp";
export const shortName = "dapp";

/** The field manager of server-side apply on Deployments, Services and ControllerRevisions. */
export const fieldManager = "demoapp-operator";
/** The field manager of the status. A manager of its own, so that a status write never takes over spec fields. */
export const statusFieldManager = "demoapp-operator-status";

/** Labels on the app's objects. Immutable selectors use the first three; the hash labels the pods of a revision. */
export const labels = {
  name: "app.kubernetes.io/name",
  managedBy: "app.kubernetes.io/managed-by",
  track: `${group}/track`,
  hash: `${group}/hash`,
} as const;

/** The value of `app.kubernetes.io/managed-by` on every object that the operator creates. */
export const managedBy = "demoapp-operator";

/** Command annotations, which people write on a DemoApp. */
export const annotations = {
  /** Names a rollout number, as `retry` does: one left behind has no effect on later rollouts. */
  abort: `${group}/abort`,
  retry: `${group}/retry`,
  /** Names a rollout number and a step: `7/2` is past step 2 of rollout 7, `7/all` to its end. */
  promote: `${group}/promote`,
  paused: `${group}/paused`,
  restartAt: `${group}/restart-at`,
} as const;

/** Annotation of a Service: the name of the DemoApp that may adopt it. Who may change the Service gives this consent. */
export const adoptBy = `${group}/adopt-by`;
/** Annotation of a DemoApp that is no longer read: whoever took a Service gave the consent for it. */
export const formerAdopt = `${group}/adopt`;

/** Annotations that the operator writes on the app's objects: state that has to survive a restart of the operator. */
export const childAnnotations = {
  /** On Deployments: the number of the present or last rollout. */
  rollout: `${group}/rollout`,
  /** On Deployments: the largest number of available pods in this rollout. */
  best: `${group}/best`,
  /** On Deployments: when `best` was reached, RFC 3339; the progress deadline counts from here. */
  progressAt: `${group}/progress-at`,
  /** On Deployments: the restarts of the pods that `best` counts; absent if there was none. */
  progressRestarts: `${group}/progress-restarts`,
  /** On Deployments: the present step of a canary, from 1, when it started, and a digest of all steps. */
  step: `${group}/step`,
  stepStartedAt: `${group}/step-started-at`,
  stepsHash: `${group}/steps-hash`,
  /** On pod templates: the last restart, RFC 3339. */
  restartedAt: `${group}/restarted-at`,
  /** On revisions: `spec.image`. */
  image: `${group}/image`,
  /** On revisions: when the last rollout started and ended, RFC 3339. */
  startedAt: `${group}/started-at`,
  finishedAt: `${group}/finished-at`,
  /** On revisions in a later rollout: when the revision was accepted, RFC 3339. Removed by a rejection. */
  acceptedAt: `${group}/accepted-at`,
  /** On revisions: the outcome of the last rollout, with a reason and a message if it was rejected. */
  outcome: `${group}/outcome`,
  reason: `${group}/reason`,
  message: `${group}/message`,
  /** On rejected revisions: log output or the registry's answer. Removed when a later rollout is accepted. */
  quote: `${group}/quote`,
} as const;

/** The Deployments of an app, of which there are at most two. */
export const tracks = ["stable", "candidate"] as const;
export type Track = (typeof tracks)[number];

/** The pods that the Service selects: those of a track, or of both. */
export type Traffic = Track | "both";

/** The name of the app's container. Sidecars and init containers can't have this name. */
export const containerName = "app";
/** The name of `spec.port` in the pod, which the Service targets. Additional ports can't have this name. */
export const portName = "http";

/** The longest name of a DemoApp: with the suffix `-candidate`, the name fits a label of 63 characters. */
export const maxNameLength = 53;
/** Suffixes of the names of the app's objects. A DemoApp can't have them, or two DemoApps would need one object. */
export const reservedSuffixes = ["-candidate", "-preview"] as const;

export const deploymentName = (app: string, track: Track): string =>
  track === "stable" ? app : `${app}-${track}`;
export const serviceName = (app: string): string => app;
/** The Service of the candidate during a blue-green rollout. */
export const previewName = (app: string): string => `${app}-preview`;
export const revisionName = (app: string, hash: string): string => `${app}-${hash}`;

/** Labels that select every object of one app. */
export const ownedBy = (app: string): Record<string, string> => ({
  [labels.name]: app,
  [labels.managedBy]: managedBy,
});

/** The immutable selector of a track's Deployment, and the selector of a Service for one track. */
export const selectorOf = (app: string, track: Track): Record<string, string> => ({
  ...ownedBy(app),
  [labels.track]: track,
});

/** The selector of a Service. */
export const trafficSelector = (app: string, traffic: Traffic): Record<string, string> =>
  traffic === "both" ? ownedBy(app) : selectorOf(app, traffic);
