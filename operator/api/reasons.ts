/** An image as people read it: of a digest the first 12 digits, as Git and container tools show them. */
export const brief = (image: string): string => image.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]{52}$/, "$1");

/**
 * Every reason there is, with the sentence that a user reads. A reason is the same word on a condition, on an
 * event and on a blocker; nothing else makes one up.
 */
export const reasons = {
  // Phases
  Installing: (of: { image: string; ready: string; yet: string }) =>
    `Installing ${brief(of.image)}: ${of.ready} pods are available${of.yet}.`,
  Healthy: (of: { image: string; ready: string }) => `${of.ready} pods of ${brief(of.image)} are available.`,
  RollingOut: (of: { image: string; ready: string; yet: string }) =>
    `Rolling out ${brief(of.image)}: ${of.ready} pods of it are available${of.yet}.`,
  Recovering: (of: { ready: string }) =>
    `${of.ready} pods are available; Kubernetes is still starting, replacing or removing some.`,
  Crashing: (of: { ready: string }) => `${of.ready} pods are available; others keep ending.`,
  Restarting: (of: { ready: string }) =>
    `Restarting the pods one after the other: ${of.ready} are available.`,
  RollingBack: (of: { image: string; ready: string }) =>
    `Going back to ${brief(of.image)}: ${of.ready} pods of it are available.`,
  Suspended: () => "spec.suspend is true: nothing but this status is written until it is false.",
  Paused: (of: { image: string }) =>
    `The rollout of ${brief(of.image)} waits: remove the annotation demoapp.dev/paused to start it.`,
  RolledBack: (of: { rejected: string; serving: string; yet: string; why: string }) =>
    `Rollout ${of.rejected} was rejected (${of.why}); ${of.serving} serves${of.yet}.`,
  DeadlinePassed: (of: { seconds: number; ready: string }) =>
    `No progress for ${of.seconds} s: ${of.ready} pods are available.`,

  Available: (of: { available: number; floor: number }) =>
    `${of.available} pods are available; at least ${of.floor} have to be.`,
  Unavailable: (of: { available: number; floor: number }) =>
    `Only ${of.available} pods are available; at least ${of.floor} have to be.`,

  // Rollouts
  RolloutStarted: (of: { rollout: number; image: string }) =>
    `Rollout ${of.rollout} of ${brief(of.image)} started.`,
  RolloutAccepted: (of: { rollout: number; image: string }) =>
    `Rollout ${of.rollout} of ${brief(of.image)} is accepted: all its pods are available.`,
  RevisionRejected: (of: { rollout: number; image: string; why: string }) =>
    `Rollout ${of.rollout} of ${brief(of.image)} was rejected: ${of.why}.`,
  RolloutSuperseded: (of: { rollout: number; image: string }) =>
    `Rollout ${of.rollout} of ${brief(of.image)} gave way to another version.`,
  AbortRefused: (of: { rollout: number }) =>
    `Rollout ${of.rollout} can't be aborted: it is the first, and there is nothing to go back to.`,
  DriftRepaired: (of: { object: string; manager: string }) =>
    `${of.object} was changed by ${of.manager}; the change is undone.`,

  // Why a revision is rejected
  CrashLoop: (of: { pod: string; container: string; words: string }) =>
    `container ${of.container} of pod ${of.pod} keeps ending, last with ${of.words}`,
  ImageNotFound: (of: { pod: string; words: string }) => `pod ${of.pod} can't get its image: ${of.words}`,
  NotReadyByDeadline: (of: { pod: string; seconds: number }) =>
    `pod ${of.pod} runs but did not become available within ${of.seconds} s`,
  Aborted: () => "aborted by the annotation demoapp.dev/abort",

  // Blockers: what is in the way
  ImagePullFailed: (of: { words: string }) => `The image can't be pulled: ${of.words}`,
  OutOfMemory: (of: { container: string }) => `Container ${of.container} used more memory than its limit.`,
  ReadOnlyRoot: (of: { container: string; words: string }) =>
    `Container ${of.container} seems to write to its read-only root file system: ${of.words}`,
  RunsAsRoot: (of: { words: string }) => `The image runs as root or as a named user: ${of.words}`,
  ConfigMissing: (of: { words: string }) => `Something that the pod refers to is missing: ${of.words}`,
  ContainerRefused: (of: { words: string }) => `The node can't start the container: ${of.words}`,
  NotReady: (of: { words: string }) => `The pod runs but is not ready: ${of.words}`,
  Unschedulable: (of: { words: string }) => `No node takes the pod: ${of.words}`,
  QuotaExceeded: (of: { words: string }) => `A quota refuses: ${of.words}`,
  LimitRangeExceeded: (of: { words: string }) => `A LimitRange refuses new pods: ${of.words}`,
  PodSecurityRefused: (of: { words: string }) =>
    `Pod Security of the namespace refuses the pods: ${of.words}`,
  ServiceAccountMissing: (of: { words: string }) => `The pods' service account is missing: ${of.words}`,
  PodsRefused: (of: { words: string }) => `The API server refuses new pods: ${of.words}`,
  ScalerOnDeployment: (of: { scaler: string }) =>
    `HorizontalPodAutoscaler ${of.scaler} scales the Deployment, which the operator sets back.`,
  NameTaken: (of: { object: string }) => `${of.object} exists already and is not this app's.`,
  NameInDeletion: (of: { object: string }) => `${of.object} of an earlier owner is still being deleted.`,
  PermissionMissing: (of: { words: string }) => `The operator lacks a permission: ${of.words}`,
  AdmissionRefused: (of: { words: string }) => `An admission webhook or policy refuses a change: ${of.words}`,
  ApplyRefused: (of: { words: string }) => `The API server refuses what the spec comes to: ${of.words}`,
  BadAnnotation: (of: { annotation: string; value: string }) =>
    `The annotation ${of.annotation} has no RFC 3339 time but "${of.value}".`,
  InvalidSpec: (of: { problems: string }) => `The stored DemoApp is not valid: ${of.problems}.`,
} as const satisfies Record<string, (of: never) => string>;

export type Reason = keyof typeof reasons;

/** The reasons whose sentence may quote what a container wrote before it ended, which can hold a secret of its. */
export const quoting: ReadonlySet<Reason> = new Set<Reason>([
  "CrashLoop",
  "ReadOnlyRoot",
  "RevisionRejected",
  "RolledBack",
  "NotReady",
]);

/** A reason with its sentence: what conditions, events and blockers are made from. */
export interface ReasonMessage {
  readonly reason: Reason;
  readonly message: string;
}

/** Says a reason with what it is about: `reasonMessage("Healthy", { image, ready: "2 of 2" })`. */
export const reasonMessage = <R extends Reason>(
  reason: R,
  ...of: Parameters<(typeof reasons)[R]>
): ReasonMessage => ({
  reason,
  message: (reasons[reason] as (...of: unknown[]) => string)(...of),
});

/** The text and what to do next, at most `most` characters: what to do gets up to half, the text is cut. */
export function withNext(text: string, next: string, most: number): string {
  const end = ` Next: ${next}`.slice(0, most / 2).toWellFormed();
  const room = most - end.length;
  return text.length <= room ? `${text}${end}` : `${text.slice(0, room - 1).toWellFormed()}…${end}`;
}

/** A text as a sentence: with a capital and a full stop, whatever the API server's own words lack. */
export function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
