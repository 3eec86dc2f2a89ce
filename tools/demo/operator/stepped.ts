// What the variants whose rollouts have steps share.
import { until } from "../../cluster/command.ts";
import { versions } from "../../gitops/installation.ts";
import type { AppState } from "../appstate.ts";
import type { Screen } from "../screen.ts";
import type { Traffic } from "../traffic.ts";
import { app, kubectl } from "./prepare.ts";
import { type AppContext, phase, showMessage } from "./rollout.ts";

const { first, second } = versions;

export const stepColumns: AppContext["columns"] = [
  phase,
  { heading: "step", width: 6, text: ({ status }) => status?.display?.step ?? "" },
  { heading: "weight", width: 8, text: ({ status }) => status?.display?.weight ?? "" },
];

/** Responses by version, and the weight that the operator reported beside them. */
interface Count {
  readonly weight?: number | undefined;
  readonly all: number;
  readonly fresh: number;
}

/** A client's responses during the pauses of a rollout, by weight. */
export class Shares {
  readonly #traffic: Traffic;
  readonly #byWeight = new Map<number, Count>();
  #last: Count = { all: 0, fresh: 0 };

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
  }

  /** Counts the responses since the last call, if the weight was the same all the time. */
  count({ status }: AppState): void {
    const weight = status?.phase === "Paused" ? status.weight?.actual : undefined;
    const fresh = this.#traffic.answeredBy(second);
    const now = { weight, fresh, all: this.#traffic.answeredBy(first) + fresh };
    const last = this.#last;
    this.#last = now;
    if (weight === undefined || weight !== last.weight) return;
    const sum = this.#byWeight.get(weight) ?? { all: 0, fresh: 0 };
    this.#byWeight.set(weight, {
      all: sum.all + now.all - last.all,
      fresh: sum.fresh + now.fresh - last.fresh,
    });
  }

  /** True if there are enough responses at a weight for a share that is off by few points. */
  isEnoughAt(weight: number): boolean {
    return (this.#byWeight.get(weight)?.all ?? 0) >= 400;
  }

  /**
   * Checks the share of the new version at each weight. Allowed are 6 standard deviations of a share by chance, and 2
   * points for responses while the API server learns of the Service's pods.
   */
  check(screen: Screen): void {
    for (const [weight, { all, fresh }] of this.#byWeight) {
      const share = (fresh / all) * 100;
      const margin = Math.max(2, 6 * Math.sqrt((weight * (100 - weight)) / all));
      screen.check(
        `weight ${weight}%: ${second} sent ${share.toFixed(1)} % of ${all} responses`,
        all > 100 && Math.abs(share - weight) < margin,
      );
    }
  }
}

const blockerOf = ({ status }: AppState, reason: string) =>
  status?.blockers?.find((one) => one.reason === reason);

/** True if the rollout waits for a person. */
export const isWaiting = (state: AppState): boolean => blockerOf(state, "StepWaits") !== undefined;

/** Prints the message, and runs the command that it gives for this reason. */
export async function runAdvice({ shell }: AppContext, state: AppState, reason: string): Promise<void> {
  await shell.show(showMessage);
  const { next = "" } = blockerOf(state, reason) ?? {};
  await shell.show(next.slice(next.indexOf("kubectl")));
}

/** Checks that of the rollout's objects only those are left that an app at rest has. */
export async function checkAtRest({ screen, shell }: AppContext): Promise<void> {
  const get = `${kubectl} get deployments,services`;
  const isAtRest = async (): Promise<boolean> => {
    const names = (await shell.quietly(`${get} -o name`)).trim().split("\n");
    return names.length === 2 && names.every((name) => name.endsWith(`/${app.name}`));
  };
  await until("the candidate to be deleted", 30_000, async () => (await isAtRest()) || undefined);
  await shell.show(get);
  screen.check("one Deployment and one Service are left, as before the rollout", await isAtRest());
}
