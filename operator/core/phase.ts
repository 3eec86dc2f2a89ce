import { type ReasonMessage, reasonMessage, shortImage } from "../api/reasons.ts";
import type { Phase } from "../api/schema.ts";
import { availabilityOf } from "./availability.ts";
import { type Decision, isDelayed, isPromoting, isQueued } from "./decide.ts";
import { availableAtMs, isPodCrashing } from "./health.ts";
import type { Revision } from "./observed.ts";
import { evidenceText, stepTexts, waitOf } from "./phasetexts.ts";
import { falseSinceMs } from "./rolloutstate.ts";
import { isAtStep, waitsForEvidence } from "./steps.ts";
import type { WriteBlocker } from "./writeblockers.ts";

/** The decision, and what stops its writes: the input of phase, status, blockers and events. */
export interface Situation extends Decision {
  readonly writeBlockers: readonly WriteBlocker[];
}

/** "1 of 2": the available pods of the target revision, of both revisions of a canary, and the desired number of pods. */
function readyText({ counts, progress, complete, cursor }: Situation): string {
  const isAll = complete || cursor !== undefined;
  return `${isAll ? counts.available : Math.min(progress.available, counts.desired)} of ${counts.desired}`;
}

/** " (2 ready for less than 15 s)": the target's ready pods that `minReadySeconds` does not count yet. */
function minReadyText({ observed, tracks, track, target, nowMs }: Situation): string {
  const { minReadySeconds } = observed.app.spec;
  const count = tracks[track].pods.filter((pod) => {
    const countsAtMs = availableAtMs(pod, minReadySeconds * 1000);
    return pod.hash === target?.hash && countsAtMs > nowMs && countsAtMs < Infinity;
  }).length;
  return count === 0 ? "" : ` (${count} ready for less than ${minReadySeconds} s)`;
}

const rolloutTexts = (situation: Situation): { image: string; ready: string; detail: string } => ({
  image: situation.target?.image ?? situation.observed.app.spec.image,
  ready: readyText(situation),
  detail: minReadyText(situation),
});

/** "3 of app:2": two revisions can have the same image, and command annotations name the rollout number. */
const rolloutText = (revision: Revision | undefined): string =>
  revision ? `${revision.rollout} of ${shortImage(revision.image)}` : "";

/**
 * True while the stable revision is the target, and a revision that was not accepted still runs. An accepted one runs
 * only after a manual change, which the operator reverts.
 */
function isRollingBack({ tracks, revisions, target, stable, complete }: Situation): boolean {
  const { deployedHash } = tracks.stable;
  if (complete || target === undefined || target !== stable || deployedHash === undefined) return false;
  const accepted = new Set(revisions.flatMap(({ outcome, hash }) => (outcome === "accepted" ? [hash] : [])));
  const { deployment, deployedHash: candidate = "" } = tracks.candidate;
  const isLeft = deployment !== undefined && !accepted.has(candidate);
  const pods = [...tracks.stable.pods, ...tracks.candidate.pods];
  return isLeft || !accepted.has(deployedHash) || pods.some(({ hash }) => !accepted.has(hash));
}

/** The reason and message of a phase; undefined if the app is not in this phase. */
type Rule = (situation: Situation) => ReasonMessage | undefined;

const suspended: Rule = ({ observed }) =>
  observed.app.spec.suspend ? reasonMessage("Suspended") : undefined;

/** A name that becomes free without action is no failure. */
const nameInDeletion: Rule = ({ writeBlockers }) =>
  writeBlockers.find(({ reason }) => reason === "NameInDeletion");

const installBlocked: Rule = (situation) =>
  situation.stable === undefined ? nameInDeletion(situation) : undefined;

/** Blockers that end without action, or that leave the app as it is. */
const isTransient = ({ reason }: WriteBlocker): boolean =>
  /^(NameInDeletion|WriteFailed|Contested)$/.test(reason);

/** A person has to act before the operator can make a write. A rollback that is not concerned goes on. */
const writesBlocked: Rule = (situation) => {
  const blockers = situation.writeBlockers.filter((blocker) => !isTransient(blocker));
  const isConcerned = blockers.some(({ scope }) => scope !== "traffic");
  return isRollingBack(situation) && !isConcerned ? undefined : blockers[0];
};

const rolledBack: Rule = (situation) => {
  const { requested, stable, complete, progress, counts } = situation;
  if (requested?.outcome !== "rejected" || isRollingBack(situation)) return undefined;
  const isFullyAvailable = complete || progress.available >= counts.desired;
  return reasonMessage("RolledBack", {
    rejected: rolloutText(requested),
    serving: stable ? `rollout ${rolloutText(stable)}` : "nothing",
    detail: isFullyAvailable ? "" : ` with ${readyText(situation)} pods available`,
    why: requested.message ?? requested.reason ?? "",
  });
};

/** A verdict that `rollback.automatic: false` leaves to a person. */
const undecidedVerdict: Rule = ({ candidate, verdict }) =>
  candidate && verdict
    ? reasonMessage("RollbackNeeded", { rollout: rolloutText(candidate), why: verdict.message })
    : undefined;

const delayed: Rule = (situation) =>
  situation.candidate === undefined && isDelayed(situation) && !isRollingBack(situation)
    ? reasonMessage("Paused", { image: situation.observed.app.spec.image })
    : undefined;

const paused: Rule = (situation) => undecidedVerdict(situation) ?? delayed(situation) ?? waitOf(situation);

const noProgress = (situation: Situation, canary?: ReturnType<typeof stepTexts>): ReasonMessage =>
  reasonMessage("DeadlinePassed", {
    seconds: situation.observed.app.spec.progressDeadlineSeconds,
    ready: readyText(situation),
    canary,
  });

/** Pods have been missing for longer than the progress deadline, whatever the cause. */
const deadlinePassed: Rule = (situation) =>
  situation.complete || situation.nowMs < situation.deadlineAtMs
    ? undefined
    : noProgress(situation, stepTexts(situation));

/**
 * A pause must not hide an outage. While a rollout waits for a person, Ready is False for that reason, and only the
 * condition Available tells since when pods have been missing.
 */
function pausedTooLong(situation: Situation): ReasonMessage | undefined {
  if (!paused(situation) || availabilityOf(situation).status) return undefined;
  const outageMs = situation.nowMs - falseSinceMs(situation, "Available");
  const { progressDeadlineSeconds } = situation.observed.app.spec;
  return outageMs < progressDeadlineSeconds * 1000 ? undefined : noProgress(situation);
}

/** Pods have been missing for too long, in the phase that the app is in. */
export const deadlineProblem: Rule = (situation) =>
  paused(situation) ? pausedTooLong(situation) : deadlinePassed(situation);

function scaledToZero(situation: Situation): ReasonMessage | undefined {
  const { observed, complete, cursor, candidate, writeBlockers } = situation;
  const isAtZero = complete || (cursor !== undefined && isAtStep(situation));
  if (observed.app.spec.replicas > 0 || !isAtZero || writeBlockers.length > 0) return undefined;
  const open = candidate ? ` Rollout ${rolloutText(candidate)} stays open.` : "";
  return reasonMessage("ScaledToZero", { open });
}

const rollingBack: Rule = (situation) =>
  isRollingBack(situation) ? reasonMessage("RollingBack", rolloutTexts(situation)) : undefined;

const installing: Rule = (situation) =>
  situation.stable === undefined ? reasonMessage("Installing", rolloutTexts(situation)) : undefined;

function rollingOut(situation: Situation): ReasonMessage | undefined {
  const texts = stepTexts(situation);
  if (texts !== undefined && waitsForEvidence(situation))
    return reasonMessage("StepAnalyses", { ...texts, evidence: evidenceText(situation) });
  if (texts !== undefined) return reasonMessage("RolloutStep", texts);
  return situation.candidate ? reasonMessage("RollingOut", rolloutTexts(situation)) : undefined;
}

const promoting: Rule = (situation) =>
  isPromoting(situation)
    ? reasonMessage("Promoting", {
        rollout: rolloutText(situation.stable),
        ready: readyText(situation),
        candidates: situation.tracks.candidate.available,
        queued: isQueued(situation) ? ` ${situation.observed.app.spec.image} starts after that.` : "",
      })
    : undefined;

/** The operator can't help here: it never rolls back a revision that was accepted. */
const crashing: Rule = (situation) =>
  !situation.complete &&
  situation.tracks[situation.track].pods.some(
    (pod) => pod.hash === situation.target?.hash && isPodCrashing(pod),
  )
    ? reasonMessage("Crashing", { ready: readyText(situation) })
    : undefined;

const restarting: Rule = (situation) =>
  situation.restarting ? reasonMessage("Restarting", { ready: readyText(situation) }) : undefined;

const recovering: Rule = (situation) =>
  situation.complete ? undefined : reasonMessage("Recovering", { ready: readyText(situation) });

/** Healthy pods, but a write that can't be made yet. */
const writesPending: Rule = ({ writeBlockers }) => writeBlockers[0];

const healthy: Rule = (situation) => reasonMessage("Healthy", rolloutTexts(situation));

/** The phases of an app in order; the first rule that applies gives phase, reason and message. */
const rules: readonly { readonly phase: Phase; readonly rule: Rule }[] = [
  { phase: "Suspended", rule: suspended },
  { phase: "Installing", rule: installBlocked },
  { phase: "Degraded", rule: writesBlocked },
  { phase: "Degraded", rule: pausedTooLong },
  { phase: "Paused", rule: paused },
  { phase: "Degraded", rule: rolledBack },
  { phase: "Degraded", rule: deadlinePassed },
  { phase: "RollingBack", rule: rollingBack },
  { phase: "Healthy", rule: scaledToZero },
  { phase: "Installing", rule: installing },
  { phase: "Progressing", rule: rollingOut },
  { phase: "Promoting", rule: promoting },
  { phase: "Degraded", rule: crashing },
  { phase: "Progressing", rule: restarting },
  { phase: "Progressing", rule: recovering },
  { phase: "Progressing", rule: writesPending },
  { phase: "Healthy", rule: healthy },
];

/** The phase of an app, with its reason and message. */
export function phaseOf(situation: Situation): { readonly phase: Phase; readonly summary: ReasonMessage } {
  for (const { phase, rule } of rules) {
    const summary = rule(situation);
    if (summary) return { phase, summary };
  }
  throw new Error("the last rule always applies");
}
