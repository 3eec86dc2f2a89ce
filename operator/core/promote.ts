import { annotations } from "../api/names.ts";
import type { Cursor } from "./cursor.ts";
import type { App, ObservedApp } from "./observed.ts";
import { rolloutNumber } from "./revisions.ts";
import { stepsOf } from "./strategies/strategy.ts";

/** A promote command: `7/2` is past step 2 of rollout 7, `7/all` to its end. */
interface Promotion {
  readonly rollout: number;
  /** From 1. The rollout need not have the step. */
  readonly step: number | "all";
}

function promotionIn(value: string): Promotion | undefined {
  const [, number, step = ""] = /^(\d+)\/(\d{1,3}|all)$/.exec(value) ?? [];
  const rollout = rolloutNumber(number);
  return rollout === undefined ? undefined : { rollout, step: step === "all" ? step : Number(step) };
}

/** True if an annotation's value is a promote command. */
export const isPromotion = (value: string): boolean => promotionIn(value) !== undefined;

/** The promote command of an app; undefined if there is none, or one that is not valid. */
export const promotion = (app: App): Promotion | undefined =>
  promotionIn(app.annotations[annotations.promote] ?? "");

/** True if a command promotes a rollout past its present step. A step that the rollout does not have promotes nothing. */
export function isPromoted({ app }: ObservedApp, { rollout, index }: Cursor): boolean {
  const command = promotion(app);
  if (command?.rollout !== rollout) return false;
  return command.step === "all" || (command.step > index && command.step <= stepsOf(app.spec).length);
}
