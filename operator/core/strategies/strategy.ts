import type { StrategySpec } from "../../api/schema.ts";
import type { Action } from "../action.ts";
import type { View } from "../view.ts";
import { rolling } from "./rolling.ts";

/** The writes that bring the app's objects closer to the view's target; none if they agree with the target. */
export type Strategy = (view: View) => readonly Action[];

/** The strategy for each `spec.strategy.type`; a type without a strategy does not compile. */
export const strategies: Record<StrategySpec["type"], Strategy> = { RollingUpdate: rolling };
