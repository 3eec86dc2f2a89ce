import type { Strategy as StrategySpec } from "../../api/schema.ts";
import type { Action } from "../action.ts";
import type { View } from "../view.ts";
import { rolling } from "./rolling.ts";

/** What to write so that the app's objects come closer to the view's target. No writes once they are there. */
export type Strategy = (view: View) => readonly Action[];

/** Every strategy that `spec.strategy.type` accepts; one that is missing here does not compile. */
export const strategies: Record<StrategySpec["type"], Strategy> = { RollingUpdate: rolling };
