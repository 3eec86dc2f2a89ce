import { annotations } from "../api/names.ts";
import type { App } from "./observed.ts";
import { rolloutNumber } from "./revisions.ts";

/** A promote command: `7/2` is past step 2 of rollout 7, `7/all` to its end. */
export function promotion(app: App): { readonly rollout: number; readonly step: number } | undefined {
  const [, number, step] = /^(\d+)\/(\d{1,3}|all)$/.exec(app.annotations[annotations.promote] ?? "") ?? [];
  const rollout = rolloutNumber(number);
  return rollout === undefined ? undefined : { rollout, step: step === "all" ? Infinity : Number(step) };
}

/** The number of the last step, from 1, that a command promotes a rollout past; 0 for none. */
export const promotedStep = (app: App, rollout: number): number => {
  const command = promotion(app);
  return command?.rollout === rollout ? command.step : 0;
};
