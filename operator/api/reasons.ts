/** An image with the first 12 digits of its digest, as container tools print it. */
export const shortImage = (image: string): string =>
  image.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]{52}$/, "$1");

/** Untrusted text about a problem, which the message itself does not contain. */
interface Quoting {
  readonly quote: string;
}

/** A message that is the same for all objects: only the quote differs. */
const quoting =
  (message: string): ((of: Quoting) => string) =>
  () =>
    message;

/** Where a canary stands. */
interface StepTexts {
  /** "7 of app:2" */
  readonly rollout: string;
  /** "2 of 4" */
  readonly step: string;
  /** The wanted share and the present one, in percent. */
  readonly weight: { readonly desired: number; readonly actual: number };
  /** "1 of 2" */
  readonly ready: string;
  /** The available pods of the stable track, and their image. */
  readonly stable: { readonly available: number; readonly image: string };
}

const at = ({ rollout, step }: StepTexts): string => `Rollout ${rollout}, step ${step}`;

const tracksText = ({ ready, stable, weight }: StepTexts): string =>
  `${ready} pods of this version and ${stable.available} of ${shortImage(stable.image)} are available (weight ${weight.actual} %, desired ${weight.desired} %)`;

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
  RolloutStep: (of: StepTexts) => `${at(of)}: ${tracksText(of)}.`,
  StepPaused: (of: StepTexts & { until: string }) => `${at(of)} pauses until ${of.until}: ${tracksText(of)}.`,
  StepAnalyses: (of: StepTexts & { evidence: string }) =>
    `${at(of)} waits for evidence: ${of.evidence}. ${tracksText(of)}.`,
  StepUndecided: (of: StepTexts & { evidence: string; seconds: number }) =>
    `${at(of)} is undecided after ${of.seconds} s: ${of.evidence}. ${tracksText(of)}.`,
  StepWaits: (of: StepTexts) => `${at(of)} waits for a promotion: ${tracksText(of)}.`,
  StepHeld: (of: StepTexts & { promotion: string }) =>
    `${at(of)} is held by the annotation demoapp.dev/paused${of.promotion}: ${tracksText(of)}.`,
  Promoting: (of: { rollout: string; ready: string; candidates: number; queued: string }) =>
    `Rollout ${of.rollout} is accepted: ${of.ready} pods of the stable track run it, and ${of.candidates} pods of the candidate serve until all do.${of.queued}`,
  RollingBack: (of: { image: string; ready: string }) =>
    `Rolling back to ${shortImage(of.image)}: ${of.ready} pods of this version are available.`,
  Suspended: () => "Suspended: the operator writes only this status. Set spec.suspend to false to resume.",
  Paused: (of: { image: string }) =>
    `The rollout of ${shortImage(of.image)} is paused by the annotation demoapp.dev/paused.`,
  RollbackNeeded: (of: { rollout: string; why: string; quote?: string | undefined }) =>
    `spec.rollback.automatic is false, and rollout ${of.rollout} failed: ${of.why}.`,
  ScaledToZero: (of: { open: string }) => `spec.replicas is 0: no pod runs.${of.open}`,
  RolledBack: (of: { rejected: string; serving: string; detail: string; why: string }) =>
    `Rollout ${of.rejected} was rejected (${of.why}); ${of.serving} serves${of.detail}.`,
  DeadlinePassed: (of: { seconds: number; ready: string; canary?: StepTexts | undefined }) =>
    of.canary === undefined
      ? `No progress for ${of.seconds} s: ${of.ready} pods are available.`
      : `${at(of.canary)} makes no progress for ${of.seconds} s: ${tracksText(of.canary)}.`,

  Available: (of: { available: number; floor: number }) =>
    `${of.available} pods are available; at least ${of.floor} are required.`,
  Unavailable: (of: { available: number; floor: number }) =>
    `Only ${of.available} pods are available; at least ${of.floor} are required.`,

  // Rollouts
  RolloutStarted: (of: { rollout: number; image: string }) =>
    `Rollout ${of.rollout} of ${shortImage(of.image)} started.`,
  RolloutAccepted: (of: { rollout: number; image: string; isUndecided: boolean }) =>
    `Rollout ${of.rollout} of ${shortImage(of.image)} is accepted: ${of.isUndecided ? "a person promoted it before the evidence was enough" : "all its pods are available"}.`,
  RevisionRejected: (of: { rollout: number; image: string; why: string; quote?: string | undefined }) =>
    `Rollout ${of.rollout} of ${shortImage(of.image)} was rejected: ${of.why}.`,
  RolloutSuperseded: (of: { rollout: number; image: string }) =>
    `Rollout ${of.rollout} of ${shortImage(of.image)} was superseded by another version.`,
  AbortRefused: (of: { rollout: number }) =>
    `Rollout ${of.rollout} can't be aborted: no revision has been accepted, so there is nothing to roll back to.`,
  DriftRepaired: (of: { object: string; manager: string }) =>
    `${of.object} was changed by ${of.manager}; the operator reverted the change.`,
  ObjectRecreated: (of: { object: string }) => `${of.object} was missing; the operator created it again.`,

  // Why a revision is rejected
  CrashLoop: (of: { pod: string; container: string; exit: string; quote: string }) =>
    `container ${of.container} of pod ${of.pod} is crash-looping, last with ${of.exit}`,
  ImageNotFound: (of: { pod: string; quote: string }) =>
    `pod ${of.pod} can't pull its image, which the registry does not have`,
  NotReadyByDeadline: (of: { pod: string; seconds: number; delays: string }) =>
    `pod ${of.pod} started and was not ready within progressDeadlineSeconds ${of.seconds}${of.delays === "" ? "" : ` (${of.delays})`}`,
  TooManyErrors: (of: { counts: string }) => of.counts,
  TooSlow: (of: { counts: string }) => of.counts,
  Aborted: () => "aborted by the annotation demoapp.dev/abort",

  // Blockers
  NoTraffic: (of: { problem: string }) => `The new version can't be judged: ${of.problem}.`,
  NoMetrics: (of: { problem: string }) => `The new version can't be judged: ${of.problem}.`,
  ImagePullFailed: quoting("The image can't be pulled."),
  OutOfMemory: (of: { container: string }) => `Container ${of.container} used more memory than its limit.`,
  ReadOnlyRoot: (of: { container: string; quote: string }) =>
    `Container ${of.container} seems to write to its read-only root file system.`,
  RunsAsRoot: quoting("The image runs as root or as a named user."),
  ConfigMissing: quoting("An object that the pod refers to is missing."),
  ContainerRefused: quoting("The node can't start the container."),
  NotReady: quoting("The pod runs but is not ready."),
  Unschedulable: quoting("No node can run the pod."),
  VolumeInUse: quoting("The pod can't start while another pod uses the same volume."),
  QuotaExceeded: quoting("A ResourceQuota refuses the request."),
  LimitRangeExceeded: quoting("A LimitRange refuses new pods."),
  PodSecurityRefused: quoting("The namespace's Pod Security Standard refuses the pods."),
  ServiceAccountMissing: quoting("The pods' service account is missing."),
  PodsRefused: quoting("The API server refuses new pods."),
  ScalerOnDeployment: (of: { scaler: string }) =>
    `HorizontalPodAutoscaler ${of.scaler} scales the Deployment, and the operator reverts the change.`,
  NameTaken: (of: { object: string }) => `${of.object} exists but is not owned by this DemoApp.`,
  NameInDeletion: (of: { object: string }) => `${of.object} of an earlier owner is still being deleted.`,
  PermissionMissing: quoting("The operator lacks a permission."),
  AdmissionRefused: quoting("An admission webhook or policy refuses a change."),
  ApplyRefused: quoting("The API server refuses an object rendered from the spec."),
  WriteFailed: (of: { object: string; quote: string }) => `${of.object} can't be written at present.`,
  Contested: (of: { object: string; manager: string }) =>
    `${of.object} is changed by ${of.manager} after each repair; the operator repairs it at most once a minute.`,
  RevisionIgnored: (of: { object: string; why: string }) =>
    `${of.object} has the labels of this app's revisions, but ${of.why}; the operator ignores it.`,
  HistoryLimited: (of: { given: number; most: number }) =>
    `spec.revisionHistoryLimit is ${of.given}; the operator keeps at most ${of.most} old revisions.`,
  UnknownRollout: (of: { annotation: string; newest: number; quote: string }) =>
    `The newest rollout is ${of.newest}; no rollout has the number in annotation ${of.annotation}.`,
  UnknownStep: (of: { annotation: string; rollout: number; step: number; steps: number }) =>
    `Annotation ${of.annotation} names step ${of.step}, but rollout ${of.rollout} has ${of.steps} steps.`,
  BadAnnotation: (of: { annotation: string; expected: string; quote: string }) =>
    `Annotation ${of.annotation} is not ${of.expected}.`,
  RolloutNumbersUsedUp: (of: { object: string; rollout: number }) =>
    `${of.object} has the rollout number ${of.rollout}, and no higher one exists for a next rollout.`,
  InvalidSpec: (of: { fields: string; quote: string }) => `The stored DemoApp is not valid in ${of.fields}.`,
} as const satisfies Record<string, (of: never) => string>;

export type Reason = keyof typeof reasons;

/** A reason with its message, as conditions, events and blockers contain them. */
export interface ReasonMessage {
  readonly reason: Reason;
  /** The operator's words. Everybody who sees the app can read them: status, conditions, events, logs, notifications. */
  readonly message: string;
  /**
   * Text of a container, a webhook or a user. It can contain secrets, or sentences that imitate the operator. Only the
   * message of a blocker shows the text, in quotation marks.
   */
  readonly quote?: string | undefined;
}

/** Formats the message of a reason: `reasonMessage("Healthy", { image, ready: "2 of 2" })`. */
export function reasonMessage<R extends Reason>(
  reason: R,
  ...of: Parameters<(typeof reasons)[R]>
): ReasonMessage {
  const { quote = "" } = (of[0] ?? {}) as Partial<Quoting>;
  const message = (reasons[reason] as (...of: unknown[]) => string)(...of);
  return { reason, message, ...(quote !== "" && { quote }) };
}

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
