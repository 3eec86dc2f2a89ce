/** Every name that the operator gives, reads or reserves in the cluster. Nothing else spells one of these out. */

export const group = "demoapp.dev";
export const version = "v1";
export const apiVersion = `${group}/${version}`;
export const kind = "DemoApp";
export const plural = "demoapps";
export const singular = "demoapp";
export const shortName = "dapp";

/** Written by server-side apply on children and revisions. */
export const fieldManager = "demoapp-operator";
/** Apart from the manager of the children, so that applying a status never takes over a field of the spec. */
export const statusFieldManager = "demoapp-operator-status";

/** Labels on children. The first three make the immutable selectors; the hash only tells pods apart. */
export const labels = {
  name: "app.kubernetes.io/name",
  managedBy: "app.kubernetes.io/managed-by",
  track: `${group}/track`,
  hash: `${group}/hash`,
} as const;

/** The value of `app.kubernetes.io/managed-by` on everything that the operator made. */
export const managedBy = "demoapp-operator";

/** Annotations that people write on a DemoApp. Acts name a rollout number, so one left behind is inert. */
export const annotations = {
  abort: `${group}/abort`,
  retry: `${group}/retry`,
  paused: `${group}/paused`,
  restartAt: `${group}/restart-at`,
  adopt: `${group}/adopt`,
} as const;

/** Annotations that the operator writes on its children: the memory that has to survive it. */
export const childAnnotations = {
  /** On Deployments: number of the rollout that is at work or was the last. */
  rollout: `${group}/rollout`,
  /** On Deployments: the most pods of that rollout that were available at once. */
  best: `${group}/best`,
  /** On Deployments: when `best` was reached, RFC 3339; the deadline counts from it. */
  progressAt: `${group}/progress-at`,
  /** On pod templates: the restart that was asked for last, RFC 3339. */
  restartedAt: `${group}/restarted-at`,
  /** On revisions: image, as the DemoApp spelt it. */
  image: `${group}/image`,
  /** On revisions: when its last rollout started and ended, RFC 3339. */
  startedAt: `${group}/started-at`,
  finishedAt: `${group}/finished-at`,
  /** On revisions: accepted, rejected or superseded, and why in one word and in a sentence. */
  outcome: `${group}/outcome`,
  reason: `${group}/reason`,
  message: `${group}/message`,
} as const;

/** Which of the at most two Deployments of an app a pod belongs to. */
export type Track = "stable" | "candidate";

/** The app's own container in the pod; sidecars and init containers may not take the name. */
export const containerName = "app";
/** The name of `spec.port` in the pod, which the Service targets; extra ports may not take it. */
export const portName = "http";

/** The longest name of a DemoApp: with `-candidate` behind it, it is still a label of 63 characters. */
export const maxNameLength = 53;
/** Endings that children take, so that no two DemoApps claim one object. */
export const reservedSuffixes = ["-candidate", "-preview"] as const;

export const deploymentName = (app: string): string => app;
export const serviceName = (app: string): string => app;
export const revisionName = (app: string, hash: string): string => `${app}-${hash}`;

/** Labels that select every object that the operator made for one app. */
export const ownedBy = (app: string): Record<string, string> => ({
  [labels.name]: app,
  [labels.managedBy]: managedBy,
});

/** The immutable selector of one Deployment, and of a Service that serves one track. */
export const selectorOf = (app: string, track: Track): Record<string, string> => ({
  ...ownedBy(app),
  [labels.track]: track,
});
