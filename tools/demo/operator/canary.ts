import { until } from "../../cluster/command.ts";
import { versions } from "../../gitops/installation.ts";
import type { AppState } from "../appstate.ts";
import type { Traffic } from "../traffic.ts";
import { app, kubectl } from "./prepare.ts";
import {
  type AppContext,
  type Variant,
  checkNothingLost,
  isHealthy,
  phase,
  showMessage,
  startRelease,
} from "./rollout.ts";
import { install, rejectVersion, revertInGit } from "./steps.ts";

const { first, second } = versions;

const fields = `  replicas: 3
  strategy:
    type: Canary
    canary:
      steps:
        - setWeight: 25
        - pause: { seconds: 15 }
        - setWeight: 50
        - pause: {} # until a person promotes
`;

/** Responses by version, and the weight that the operator reported beside them. */
interface Count {
  readonly weight?: number | undefined;
  readonly all: number;
  readonly fresh: number;
}

/** A client's responses during the pauses of a canary, by weight. */
class Shares {
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

  /** The number of responses at a weight. */
  at(weight: number): number {
    return this.#byWeight.get(weight)?.all ?? 0;
  }

  /** The share of the new version at each weight, in percent, and 6 standard deviations of this share by chance. */
  list() {
    return [...this.#byWeight].map(([weight, { all, fresh }]) => ({
      weight,
      all,
      share: (fresh / all) * 100,
      margin: 6 * Math.sqrt((weight * (100 - weight)) / all),
    }));
  }
}

/** Enough for a share that is off by few points. */
const responses = 400;

async function releaseInSteps(context: AppContext): Promise<void> {
  const { screen, shell } = context;
  const { seen, follow, end } = await startRelease(context, { from: first, to: second, rate: 50 });
  const shares = new Shares(seen.traffic);
  const waitIn = ({ status }: AppState) => status?.blockers?.find(({ reason }) => reason === "StepWaits");
  const paused = await follow((state) => {
    shares.count(state);
    return waitIn(state) !== undefined && shares.at(50) >= responses;
  });
  await shell.show(`${kubectl} get demoapps`);
  screen.text("", "The weight is the share of the pods. This is what the client saw during each pause:");
  for (const { weight, share, all, margin } of shares.list())
    screen.check(
      `weight ${weight}%: ${second} sent ${share.toFixed(1)} % of ${all} responses`,
      all > 100 && Math.abs(share - weight) < margin,
    );
  screen.text("", "The message says what the rollout waits for, and the command to go on:");
  await shell.show(showMessage);
  const { next = "" } = waitIn(paused) ?? {};
  await shell.show(next.slice(next.indexOf("kubectl")));
  await follow(isHealthy);
  await end();
  checkNothingLost(context, seen);
  await checkOneDeployment(context);
}

async function checkOneDeployment({ screen, shell }: AppContext): Promise<void> {
  const get = `${kubectl} get deployments`;
  await until("the candidate's Deployment to be deleted", 30_000, async () =>
    (await shell.quietly(`${get} -o name`)).trim().endsWith(`/${app.name}`) ? true : undefined,
  );
  const left = await shell.show(get);
  screen.check("the candidate's Deployment is deleted", !left.includes("-candidate"));
}

async function rejectCanary(context: AppContext): Promise<void> {
  await rejectVersion(context);
  await checkOneDeployment(context);
}

export const canary: Variant = {
  title: "Canaries of the DemoApp operator on a real Kubernetes",
  fields,
  replicas: 3,
  columns: [
    phase,
    { heading: "step", width: 6, text: ({ status }) => status?.display?.step ?? "" },
    { heading: "weight", width: 8, text: ({ status }) => status?.display?.weight ?? "" },
  ],
  steps: [
    { title: "The strategy is a part of the YAML file", run: install },
    { title: "A new version: a quarter of the pods, half, then a person promotes", run: releaseInSteps },
    { title: "A broken version is rejected and removed", run: rejectCanary },
    { title: "Back to Healthy: git revert", run: revertInGit },
  ],
};
