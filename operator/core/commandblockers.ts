import { annotations, previewName } from "../api/names.ts";
import { reasonMessage } from "../api/reasons.ts";
import { isTime } from "../api/schema/spec.ts";
import { type BlockerDraft, annotate, blockerDraft } from "./blockerdraft.ts";
import { isCommanded, isDelayed } from "./decide.ts";
import { timestamp } from "./observed.ts";
import type { Situation } from "./phase.ts";
import { waitOf } from "./phasetexts.ts";
import { isPromotion, promotion } from "./promote.ts";
import { newestFirst, rolloutNumber } from "./revisions.ts";
import { stepsOf, strategyOf } from "./strategies/strategy.ts";

/** A step that a person has to promote, or whose next step `demoapp.dev/paused` stops. */
function stepBlockers(situation: Situation): readonly BlockerDraft[] {
  const { candidate, cursor, observed } = situation;
  const wait = waitOf(situation);
  if (candidate === undefined || cursor === undefined || wait === undefined) return [];
  const promote = annotate(observed.app, annotations.promote, `${candidate.rollout}/${cursor.index + 1}`);
  const abort = annotate(observed.app, annotations.abort, String(candidate.rollout));
  const { name, spec } = observed.app;
  const look = strategyOf(spec).hasPreview ? `Look at Service/${previewName(name)}, then promote` : "Promote";
  const next = new Map<string, string>([
    ["StepWaits", `${look} the rollout: ${promote}`],
    [
      "StepUndecided",
      `Send more requests to the app, or decide: ${promote} goes on without the evidence, ${abort} rejects the version`,
    ],
    ["StepHeld", `Remove the annotation: ${annotate(observed.app, annotations.paused)}`],
  ]).get(wait.reason);
  return next === undefined ? [] : [blockerDraft(`DemoApp/${name}`, wait, next)];
}

/** A rollout that `demoapp.dev/paused` delays. */
function pauseBlockers(situation: Situation): readonly BlockerDraft[] {
  const { app } = situation.observed;
  if (!isDelayed(situation) || app.spec.suspend) return [];
  const next = `Remove the annotation: ${annotate(app, annotations.paused)}`;
  const problem = reasonMessage("Paused", { image: app.spec.image });
  return [blockerDraft(`DemoApp/${app.name}`, problem, next)];
}

/** Rollouts that wait for a command. */
export const waitBlockers = (situation: Situation): readonly BlockerDraft[] => [
  ...pauseBlockers(situation),
  ...stepBlockers(situation),
];

/** An abort command that has no effect, because there is no stable revision to roll back to. */
function abortBlockers({ observed, candidate, stable }: Situation): readonly BlockerDraft[] {
  if (stable !== undefined || candidate === undefined) return [];
  if (!isCommanded(observed.app, annotations.abort, candidate)) return [];
  const { rollout } = candidate;
  const next = "Change spec.image, or delete the DemoApp.";
  return [blockerDraft(`DemoApp/${observed.app.name}`, reasonMessage("AbortRefused", { rollout }), next)];
}

/** Commands that name a rollout which does not exist. A command that names an older rollout is ignored. */
function unknownRolloutBlockers({ observed: { app }, revisions }: Situation): readonly BlockerDraft[] {
  const newest = newestFirst(revisions)[0]?.rollout ?? 0;
  const rollouts = {
    [annotations.abort]: rolloutNumber(app.annotations[annotations.abort]) ?? Infinity,
    [annotations.retry]: rolloutNumber(app.annotations[annotations.retry]) ?? Infinity,
    [annotations.promote]: promotion(app)?.rollout ?? 0,
  };
  return Object.entries(rollouts).flatMap(([annotation, rollout]) => {
    const value = app.annotations[annotation];
    if (value === undefined || rollout <= newest) return [];
    const remove = annotate(app, annotation);
    const problem = reasonMessage("UnknownRollout", { annotation, newest, quote: value });
    const next = `Set a number that status.history shows, or remove the annotation: ${remove}`;
    return [blockerDraft(`DemoApp/${app.name}`, problem, next)];
  });
}

/** A promotion past a step that the rollout does not have. */
function unknownStepBlockers({ observed: { app }, candidate, cursor }: Situation): readonly BlockerDraft[] {
  const command = promotion(app);
  if (cursor === undefined || command?.rollout !== candidate?.rollout) return [];
  const { length: steps } = stepsOf(app.spec);
  if (command === undefined || command.step === "all" || (command.step >= 1 && command.step <= steps))
    return [];
  const { rollout, step } = command;
  const correct = annotate(app, annotations.promote, `${rollout}/${Math.min(cursor.index + 1, steps)}`);
  const problem = reasonMessage("UnknownStep", { annotation: annotations.promote, rollout, step, steps });
  return [blockerDraft(`DemoApp/${app.name}`, problem, `Promote past the present step: ${correct}`)];
}

interface AnnotationRule {
  readonly annotation: string;
  readonly isValid: (value: string) => boolean;
  /** What the value has to be, and an example. */
  readonly expected: string;
  readonly example: (situation: Situation) => string;
}

/** Command annotations whose value is more than a rollout number. */
const annotationRules: readonly AnnotationRule[] = [
  {
    annotation: annotations.restartAt,
    isValid: isTime,
    expected: "an RFC 3339 time",
    example: ({ nowMs }) => timestamp(nowMs),
  },
  {
    annotation: annotations.promote,
    isValid: isPromotion,
    expected: "a rollout and a step, or a rollout and all",
    example: ({ candidate, stable, cursor }) =>
      `${(candidate ?? stable)?.rollout ?? 1}/${cursor === undefined ? "all" : cursor.index + 1}`,
  },
  {
    annotation: annotations.paused,
    isValid: (value) => /^(true|false)$/.test(value),
    expected: "true or false",
    example: () => "true",
  },
];

/** Command annotations that have no effect because of their value. */
const badAnnotationBlockers = (situation: Situation): readonly BlockerDraft[] =>
  annotationRules.flatMap(({ annotation, isValid, expected, example }) => {
    const { app } = situation.observed;
    const value = app.annotations[annotation];
    if (value === undefined || isValid(value)) return [];
    const command = annotate(app, annotation, example(situation));
    const problem = reasonMessage("BadAnnotation", { annotation, expected, quote: value });
    return [blockerDraft(`DemoApp/${app.name}`, problem, `Correct the value: ${command}`)];
  });

/** Command annotations that have no effect, each with the reason and a correction. */
export const commandBlockers = (situation: Situation): readonly BlockerDraft[] => [
  ...abortBlockers(situation),
  ...unknownRolloutBlockers(situation),
  ...unknownStepBlockers(situation),
  ...badAnnotationBlockers(situation),
];
