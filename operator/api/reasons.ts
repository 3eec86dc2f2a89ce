/** An image with the first 12 digits of its digest, as container tools print it. */
export const shortImage = (image: string): string =>
  image.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]{52}$/, "$1");

/**
 * All reasons, each with its message. Conditions, events and blockers use the same reasons, and no other code
 * defines one.
 */
export const reasons = {
  // Phases
  Installing: (of: { image: string; ready: string; detail: string }) =>
    `Installing ${shortImage(of.image)}: ${of.ready} pods are available${of.detail}.`,
  Healthy: (of: { image: string; ready: string }) =>
    `${of.ready} pods of ${shortImage(of.image)} are available.`,
  RollingOut: (of: { image: string; ready: string; detail: string }) =>
    `Rolling out ${shortImage(of.image)}: ${of.ready} pods of this version are available${of.detail}.`,
  Recovering: (of: { ready: string }) =>
    `${of.ready} pods are available; Kubernetes is starting, replacing or removing pods.`,
  Crashing: (of: { ready: string }) => `${of.ready} pods are available; other pods keep crashing.`,
  Restarting: (of: { ready: string }) => `Restarting the pods: ${of.ready} pods are available.`,
  RollingBack: (of: { image: string; ready: string }) =>
    `Rolling back to ${shortImage(of.image)}: ${of.ready} pods of this version are available.`,
  Suspended: () => "Suspended: the operator writes only this status. Set spec.suspend to false to resume.",
  Paused: (of: { image: string }) =>
    `The rollout of ${shortImage(of.image)} is paused by the annotation demoapp.dev/paused.`,
  RollbackNeeded: (of: { rollout: string; why: string }) =>
    `Rollout ${of.rollout} failed (${of.why}), and spec.rollback.automatic is false.`,
  ScaledToZero: (of: { open: string }) => `spec.replicas is 0: no pod runs.${of.open}`,
  RolledBack: (of: { rejected: string; serving: string; detail: string; why: string }) =>
    `Rollout ${of.rejected} was rejected (${of.why}); ${of.serving} serves${of.detail}.`,
  DeadlinePassed: (of: { seconds: number; ready: string }) =>
    `No progress for ${of.seconds} s: ${of.ready} pods are available.`,

  Available: (of: { available: number; floor: number }) =>
    `${of.available} pods are available; at least ${of.floor} are required.`,
  Unavailable: (of: { available: number; floor: number }) =>
    `Only ${of.available} pods are available; at least ${of.floor} are required.`,

  // Rollouts
  RolloutStarted: (of: { rollout: number; image: string }) =>
    `Rollout ${of.rollout} of ${shortImage(of.image)} started.`,
  RolloutAccepted: (of: { rollout: number; image: string }) =>
    `Rollout ${of.rollout} of ${shortImage(of.image)} is accepted: all its pods are available.`,
  RevisionRejected: (of: { rollout: number; image: string; why: string }) =>
    `Rollout ${of.rollout} of ${shortImage(of.image)} was rejected: ${of.why}.`,
  RolloutSuperseded: (of: { rollout: number; image: string }) =>
    `Rollout ${of.rollout} of ${shortImage(of.image)} was superseded by another version.`,
  AbortRefused: (of: { rollout: number }) =>
    `Rollout ${of.rollout} can't be aborted: no revision has been accepted, so there is nothing to roll back to.`,
  DriftRepaired: (of: { object: string; manager: string }) =>
    `${of.object} was changed by ${of.manager}; the operator reverted the change.`,
  ObjectRecreated: (of: { object: string }) => `${of.object} was missing; the operator created it again.`,

  // Why a revision is rejected
  CrashLoop: (of: { pod: string; container: string; detail: string }) =>
    `container ${of.container} of pod ${of.pod} is crash-looping, last with ${of.detail}`,
  ImageNotFound: (of: { pod: string; detail: string }) => `pod ${of.pod} can't pull its image: ${of.detail}`,
  NotReadyByDeadline: (of: { pod: string; seconds: number; delays: string }) =>
    `pod ${of.pod} started and was not ready within progressDeadlineSeconds ${of.seconds}${of.delays === "" ? "" : ` (${of.delays})`}`,
  Aborted: () => "aborted by the annotation demoapp.dev/abort",

  // Blockers
  ImagePullFailed: (of: { detail: string }) => `The image can't be pulled: ${of.detail}`,
  OutOfMemory: (of: { container: string }) => `Container ${of.container} used more memory than its limit.`,
  ReadOnlyRoot: (of: { container: string; detail: string }) =>
    `Container ${of.container} seems to write to its read-only root file system: ${of.detail}`,
  RunsAsRoot: (of: { detail: string }) => `The image runs as root or as a named user: ${of.detail}`,
  ConfigMissing: (of: { detail: string }) => `An object that the pod refers to is missing: ${of.detail}`,
  ContainerRefused: (of: { detail: string }) => `The node can't start the container: ${of.detail}`,
  NotReady: (of: { detail: string }) => `The pod runs but is not ready: ${of.detail}`,
  Unschedulable: (of: { detail: string }) => `No node can run the pod: ${of.detail}`,
  QuotaExceeded: (of: { detail: string }) => `A ResourceQuota refuses the request: ${of.detail}`,
  LimitRangeExceeded: (of: { detail: string }) => `A LimitRange refuses new pods: ${of.detail}`,
  PodSecurityRefused: (of: { detail: string }) =>
    `The namespace's Pod Security Standard refuses the pods: ${of.detail}`,
  ServiceAccountMissing: (of: { detail: string }) => `The pods' service account is missing: ${of.detail}`,
  PodsRefused: (of: { detail: string }) => `The API server refuses new pods: ${of.detail}`,
  ScalerOnDeployment: (of: { scaler: string }) =>
    `HorizontalPodAutoscaler ${of.scaler} scales the Deployment, and the operator reverts the change.`,
  NameTaken: (of: { object: string }) => `${of.object} exists but is not owned by this DemoApp.`,
  NameInDeletion: (of: { object: string }) => `${of.object} of an earlier owner is still being deleted.`,
  PermissionMissing: (of: { detail: string }) => `The operator lacks a permission: ${of.detail}`,
  AdmissionRefused: (of: { detail: string }) =>
    `An admission webhook or policy refuses a change: ${of.detail}`,
  ApplyRefused: (of: { detail: string }) =>
    `The API server refuses an object rendered from the spec: ${of.detail}`,
  WriteFailed: (of: { object: string; detail: string }) =>
    `${of.object} can't be written at present: ${of.detail}`,
  Contested: (of: { object: string; manager: string }) =>
    `${of.object} is changed by ${of.manager} after each repair; the operator repairs it at most once a minute.`,
  RevisionIgnored: (of: { object: string; why: string }) =>
    `${of.object} has the labels of this app's revisions, but ${of.why}; the operator ignores it.`,
  HistoryLimited: (of: { given: number; most: number }) =>
    `spec.revisionHistoryLimit is ${of.given}; the operator keeps at most ${of.most} old revisions.`,
  UnknownRollout: (of: { annotation: string; value: string; newest: number }) =>
    `Annotation ${of.annotation} is '${of.value}', but the newest rollout is ${of.newest}.`,
  BadAnnotation: (of: { annotation: string; value: string; expected: string }) =>
    `Annotation ${of.annotation} is '${of.value}', not ${of.expected}.`,
  RolloutNumbersUsedUp: (of: { object: string; rollout: number }) =>
    `${of.object} has the rollout number ${of.rollout}, and no higher one exists for a next rollout.`,
  InvalidSpec: (of: { problems: string }) => `The stored DemoApp is not valid: ${of.problems}.`,
} as const satisfies Record<string, (of: never) => string>;

export type Reason = keyof typeof reasons;

/** Reasons whose message can quote a container's log output, which can contain secrets. */
export const outputReasons: ReadonlySet<Reason> = new Set<Reason>([
  "CrashLoop",
  "ReadOnlyRoot",
  "RevisionRejected",
  "RolledBack",
  "NotReady",
  "RollbackNeeded",
]);

/** A reason with its message, as conditions, events and blockers contain them. */
export interface ReasonMessage {
  readonly reason: Reason;
  readonly message: string;
}

/** Formats the message of a reason: `reasonMessage("Healthy", { image, ready: "2 of 2" })`. */
export const reasonMessage = <R extends Reason>(
  reason: R,
  ...of: Parameters<(typeof reasons)[R]>
): ReasonMessage => ({
  reason,
  message: (reasons[reason] as (...of: unknown[]) => string)(...of),
});

/**
 * The text, followed by what a person can do next, in at most `maxLength` characters. `next` gets up to half of them;
 * the text is truncated to the rest.
 */
export function withNext(text: string, next: string, maxLength: number): string {
  const end = ` Next: ${next}`.slice(0, maxLength / 2).toWellFormed();
  const room = maxLength - end.length;
  return text.length <= room ? `${text}${end}` : `${text.slice(0, room - 1).toWellFormed()}…${end}`;
}

/** The text with a capital and a full stop, which messages of the API server often lack. */
export function asSentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
