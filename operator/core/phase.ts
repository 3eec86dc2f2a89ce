import { type ReasonMessage, reasonMessage, shortImage } from "../api/reasons.ts";
import type { Phase } from "../api/schema.ts";
import { isPaused, needsRollout } from "./decide.ts";
import { availableAtMs, isPodCrashing } from "./health.ts";
import type { Revision } from "./observed.ts";
import type { View } from "./view.ts";

/** "1 of 2": the available pods of the target revision, and the desired number of pods. */
const readyText = ({ counts, progress, complete }: View): string =>
  `${complete ? counts.available : Math.min(progress.available, counts.desired)} of ${counts.desired}`;

/** " (2 ready for less than 15 s)": the target's ready pods that `minReadySeconds` does not count yet. */
function minReadyText({ observed, target, nowMs }: View): string {
  const { minReadySeconds } = observed.app.spec;
  const count = observed.pods.filter((pod) => {
    const countsAtMs = availableAtMs(pod, minReadySeconds * 1000);
    return pod.hash === target?.hash && countsAtMs > nowMs && countsAtMs < Infinity;
  }).length;
  return count === 0 ? "" : ` (${count} ready for less than ${minReadySeconds} s)`;
}

const rolloutTexts = (view: View): { image: string; ready: string; detail: string } => ({
  image: view.target?.image ?? view.observed.app.spec.image,
  ready: readyText(view),
  detail: minReadyText(view),
});

const maxCauseLength = 240;

/** One line. Of long log output it keeps the beginning and the end; the revision stores the whole text. */
function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  if (line.length <= maxCauseLength) return line;
  return `${line.slice(0, maxCauseLength / 2)} … ${line.slice(-maxCauseLength / 2)}`;
}

/** "3 of app:2": two revisions can have the same image, and command annotations name the rollout number. */
const rolloutText = (revision: Revision | undefined): string =>
  revision ? `${revision.rollout} of ${shortImage(revision.image)}` : "";

/** True while the stable revision is the target, and pods of another revision still run. */
function isRollingBack({ observed, target, stable, deployedHash, complete }: View): boolean {
  if (complete || target === undefined || target !== stable || deployedHash === undefined) return false;
  return (
    deployedHash !== target.hash || observed.pods.some((pod) => !pod.deleting && pod.hash !== target.hash)
  );
}

/** The reason and message of a phase; undefined if the app is not in this phase. */
type Rule = (view: View) => ReasonMessage | undefined;

const suspended: Rule = ({ observed }) =>
  observed.app.spec.suspend ? reasonMessage("Suspended") : undefined;

const writesBlocked: Rule = ({ writeBlockers }) => writeBlockers[0];

/** A name that becomes free without action is no failure. */
const nameInDeletion: Rule = ({ writeBlockers: [first] }) =>
  first?.reason === "NameInDeletion" ? first : undefined;

const rolledBack: Rule = (view) => {
  const { requested, stable, complete, progress, counts } = view;
  if (requested?.outcome !== "rejected" || isRollingBack(view)) return undefined;
  const isFullyAvailable = complete || progress.available >= counts.desired;
  return reasonMessage("RolledBack", {
    rejected: rolloutText(requested),
    serving: stable ? `rollout ${rolloutText(stable)}` : "nothing",
    detail: isFullyAvailable ? "" : ` with ${readyText(view)} pods available`,
    why: shortened(requested.message ?? requested.reason ?? ""),
  });
};

const paused: Rule = (view) =>
  needsRollout(view) && isPaused(view)
    ? reasonMessage("Paused", { image: view.observed.app.spec.image })
    : undefined;

/** Pods have been missing for longer than the progress deadline, whatever the cause. */
export const deadlinePassed: Rule = (view) =>
  view.complete || view.nowMs < view.deadlineAtMs
    ? undefined
    : reasonMessage("DeadlinePassed", {
        seconds: view.observed.app.spec.progressDeadlineSeconds,
        ready: readyText(view),
      });

const rollingBack: Rule = (view) =>
  isRollingBack(view) ? reasonMessage("RollingBack", rolloutTexts(view)) : undefined;

const installing: Rule = (view) =>
  view.stable === undefined ? reasonMessage("Installing", rolloutTexts(view)) : undefined;

const rollingOut: Rule = (view) =>
  view.requested !== undefined && view.requested.outcome === undefined
    ? reasonMessage("RollingOut", rolloutTexts(view))
    : undefined;

/** The operator can't help here: it never rolls back a revision that was accepted. */
const crashing: Rule = (view) =>
  !view.complete && view.observed.pods.some((pod) => pod.hash === view.target?.hash && isPodCrashing(pod))
    ? reasonMessage("Crashing", { ready: readyText(view) })
    : undefined;

const restarting: Rule = (view) =>
  view.restarting ? reasonMessage("Restarting", { ready: readyText(view) }) : undefined;

const recovering: Rule = (view) =>
  view.complete ? undefined : reasonMessage("Recovering", { ready: readyText(view) });

const healthy: Rule = (view) => reasonMessage("Healthy", rolloutTexts(view));

/** The phases of an app in order; the first rule that applies gives phase, reason and message. */
const rules: readonly { readonly phase: Phase; readonly rule: Rule }[] = [
  { phase: "Suspended", rule: suspended },
  { phase: "Installing", rule: nameInDeletion },
  { phase: "Degraded", rule: writesBlocked },
  { phase: "Degraded", rule: rolledBack },
  { phase: "Paused", rule: paused },
  { phase: "Degraded", rule: deadlinePassed },
  { phase: "RollingBack", rule: rollingBack },
  { phase: "Installing", rule: installing },
  { phase: "Progressing", rule: rollingOut },
  { phase: "Degraded", rule: crashing },
  { phase: "Progressing", rule: restarting },
  { phase: "Progressing", rule: recovering },
  { phase: "Healthy", rule: healthy },
];

/** The phase of an app, with its reason and message. */
export function phaseOf(view: View): { readonly phase: Phase; readonly summary: ReasonMessage } {
  for (const { phase, rule } of rules) {
    const summary = rule(view);
    if (summary) return { phase, summary };
  }
  throw new Error("the last rule always applies");
}
