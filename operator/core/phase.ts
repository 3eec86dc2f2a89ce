import { type ReasonMessage, brief, reasonMessage } from "../api/reasons.ts";
import type { Phase } from "../api/schema.ts";
import { isPaused, needsStart } from "./decide.ts";
import { availableAtMs, keepsEnding } from "./health.ts";
import type { Revision } from "./observed.ts";
import type { View } from "./view.ts";

interface Rule {
  readonly phase: Phase;
  readonly when: (view: View) => ReasonMessage | undefined;
}

/** "1 of 2", counting pods of the revision that is to run. */
const readyOf = ({ counts, progress, complete }: View): string =>
  `${complete ? counts.available : Math.min(progress.now, counts.desired)} of ${counts.desired}`;

/** " (2 ready for less than 15 s)": the target's pods that only minReadySeconds keeps from counting; else nothing. */
function settling({ observed, target, nowMs }: View): string {
  const { minReadySeconds } = observed.app.spec;
  const count = observed.pods.filter((pod) => {
    const countsAtMs = availableAtMs(pod, minReadySeconds * 1000);
    return pod.hash === target?.hash && countsAtMs > nowMs && countsAtMs < Infinity;
  }).length;
  return count === 0 ? "" : ` (${count} ready for less than ${minReadySeconds} s)`;
}

const mostWords = 240;

/** One line: of a container's last words the beginning and the end say most, and the revision keeps all of them. */
function abridged(words: string): string {
  const line = words.replaceAll(/\s+/g, " ").trim();
  if (line.length <= mostWords) return line;
  return `${line.slice(0, mostWords / 2)} … ${line.slice(-mostWords / 2)}`;
}

const imageOf = (view: View): string => view.target?.image ?? view.observed.app.spec.image;

const isFirst = (view: View): boolean => view.lastGood === undefined;
const isUnderWay = (view: View): boolean => view.wanted !== undefined && view.wanted.outcome === undefined;
const isRejected = (view: View): boolean => view.wanted?.outcome === "rejected";
/** The last good revision is to run, and pods of another one still do. */
function isGoingBack({ observed, target, lastGood, deployedHash, complete }: View): boolean {
  if (complete || target === undefined || target !== lastGood || deployedHash === undefined) return false;
  return (
    deployedHash !== target.hash || observed.pods.some((pod) => !pod.deleting && pod.hash !== target.hash)
  );
}

/** What a held app waits for, if the operator may write nothing but status. */
const heldBy = (view: View): ReasonMessage | undefined => view.held[0];

/** A name that becomes free by itself is no failure. */
const isShortly = (said: ReasonMessage | undefined): ReasonMessage | undefined =>
  said?.reason === "NameInDeletion" ? said : undefined;

/** Pods have been missing for too long, whatever the reason. */
export const deadlinePassed = (view: View): ReasonMessage | undefined =>
  view.complete || view.nowMs < view.deadlineAtMs
    ? undefined
    : reasonMessage("DeadlinePassed", {
        seconds: view.observed.app.spec.progressDeadlineSeconds,
        ready: readyOf(view),
      });

const crashing = (view: View): ReasonMessage | undefined =>
  !view.complete && view.observed.pods.some((pod) => pod.hash === view.target?.hash && keepsEnding(pod))
    ? reasonMessage("Crashing", { ready: readyOf(view) })
    : undefined;

/** The sentences that are only said when nothing before them applies; the first match wins. */
const rules: readonly Rule[] = [
  { phase: "Suspended", when: (v) => (v.observed.app.spec.suspend ? reasonMessage("Suspended") : undefined) },
  { phase: "Installing", when: (v) => isShortly(heldBy(v)) },
  { phase: "Degraded", when: heldBy },
  { phase: "Degraded", when: (v) => (isRejected(v) && !isGoingBack(v) ? rolledBack(v) : undefined) },
  { phase: "Paused", when: (v) => (needsStart(v) && isPaused(v) ? paused(v) : undefined) },
  { phase: "Degraded", when: deadlinePassed },
  {
    phase: "RollingBack",
    when: (v) => (isGoingBack(v) ? reasonMessage("RollingBack", about(v)) : undefined),
  },
  { phase: "Installing", when: (v) => (isFirst(v) ? reasonMessage("Installing", about(v)) : undefined) },
  { phase: "Progressing", when: (v) => (isUnderWay(v) ? reasonMessage("RollingOut", about(v)) : undefined) },
  // Nothing that the operator does would help: a version that was accepted is never taken back.
  { phase: "Degraded", when: crashing },
  {
    phase: "Progressing",
    when: (v) => (v.restarting ? reasonMessage("Restarting", { ready: readyOf(v) }) : undefined),
  },
  {
    phase: "Progressing",
    when: (v) => (v.complete ? undefined : reasonMessage("Recovering", { ready: readyOf(v) })),
  },
  { phase: "Healthy", when: (v) => reasonMessage("Healthy", about(v)) },
];

const about = (view: View): { image: string; ready: string; yet: string } => ({
  image: imageOf(view),
  ready: readyOf(view),
  yet: settling(view),
});
const paused = (view: View): ReasonMessage =>
  reasonMessage("Paused", { image: view.observed.app.spec.image });

/** "3 of app:2": two versions may have the same image, and the acts name a rollout by its number. */
const named = (revision: Revision | undefined): string =>
  revision ? `${revision.rollout} of ${brief(revision.image)}` : "";

function rolledBack(view: View): ReasonMessage {
  const { wanted, lastGood, complete, progress, counts } = view;
  const serves = complete || progress.now >= counts.desired;
  return reasonMessage("RolledBack", {
    rejected: named(wanted),
    serving: lastGood ? `rollout ${named(lastGood)}` : "nothing",
    yet: serves ? "" : ` with ${readyOf(view)} pods available`,
    why: abridged(wanted?.message ?? wanted?.reason ?? ""),
  });
}

/** The state of an app in one word, and the sentence for it. */
export function phaseOf(view: View): { readonly phase: Phase; readonly said: ReasonMessage } {
  for (const { phase, when } of rules) {
    const said = when(view);
    if (said) return { phase, said };
  }
  throw new Error("the last rule always applies");
}
