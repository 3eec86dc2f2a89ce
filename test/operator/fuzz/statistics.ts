import type { Outputs } from "./pipeline.ts";

/** What a case reaches, by name. A fuzzer that reaches none of them tests nothing. */
const states: Readonly<Record<string, (outputs: Outputs) => boolean>> = {
  "a valid spec": ({ observed }) => observed.app.spec !== undefined,
  "an owned Deployment": ({ planned }) => (planned.planned?.stored.tracks.stable.size ?? -1) >= 0,
  "a stable revision": ({ planned }) => planned.planned?.decision.stable !== undefined,
  "a candidate": ({ planned }) => planned.planned?.decision.candidate !== undefined,
  "a rollout that starts or ends": ({ planned }) => (planned.planned?.decision.changed.length ?? 0) > 0,
  "a new rejection": ({ planned }) =>
    planned.planned?.decision.changed.some(({ outcome }) => outcome === "rejected") ?? false,
  "a new acceptance": ({ planned }) =>
    planned.planned?.decision.changed.some(({ outcome }) => outcome === "accepted") ?? false,
  "a change by others": ({ planned }) => planned.actions.some(({ why }) => why === "drift"),
  "a take-over": ({ planned }) => planned.actions.some((action) => action.do === "take-over"),
  "a deleted revision": ({ planned }) => planned.actions.some((action) => action.do === "delete"),
  "no write": ({ planned }) => planned.actions.length === 0,
  "an ignored revision": ({ observed }) => observed.ignoredRevisions.length > 0,
  "a blocker": ({ report }) => (report.status.blockers ?? []).length > 0,
  "a blocker of a pod": ({ report }) =>
    report.status.blockers?.some(({ object }) => object.startsWith("Pod/")) ?? false,
  "a refused write": ({ report }) =>
    report.status.blockers?.some(({ reason }) => /Refused$|^(Permission|Quota)/.test(reason)) ?? false,
  "a Warning": ({ report }) => report.events.some(({ type }) => type === "Warning"),
};

/** Counts the states that cases reach. */
export class Statistics {
  readonly #counts = new Map<string, number>();
  #cases = 0;

  count(outputs: Outputs): void {
    this.#cases += 1;
    const { phase = "" } = outputs.report.status;
    const reached = Object.entries(states).filter(([, isReached]) => isReached(outputs));
    for (const name of [phase, ...reached.map(([name]) => name)])
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** The cases of each state, in percent. */
  get shares(): Readonly<Record<string, number>> {
    const names = [...Object.keys(states), ...this.#counts.keys()];
    const share = (name: string): number => (100 * (this.#counts.get(name) ?? 0)) / this.#cases;
    return Object.fromEntries(names.map((name) => [name, share(name)]));
  }
}
