import type { Strategy } from "./strategy.ts";

/**
 * Rolling update, in one step: the Deployment gets the target's pod template, and the Deployment controller replaces
 * the pods within maxSurge and maxUnavailable. A rollback works the same way, with the stable revision as the target.
 */
export const rolling: Strategy = {
  // Without pods nothing is proven: the outcome stays open until pods run.
  isDone: ({ complete, observed }) => complete && observed.app.spec.replicas > 0,

  goal: ({ target, observed }) =>
    target && {
      tracks: { stable: { revision: target, size: observed.app.spec.replicas }, candidate: undefined },
      traffic: "stable",
    },
};
