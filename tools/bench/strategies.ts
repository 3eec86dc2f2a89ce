import { resources } from "../../operator/controller/resources.ts";
import { until } from "../cluster/command.ts";
import { removeNamespace } from "../objects.ts";
import { type Bench, clear, creators, measureOperated, nameOf, quiet, warmUp } from "./bench.ts";
import { operated } from "./column.ts";
import { inParallel } from "./pace.ts";
import type { Quiet, StrategyReport } from "./report.ts";

export interface StrategySize {
  /** Apps that are changed at once. */
  readonly apps: number;
  /** Apps that are left alone. */
  readonly idleApps: number;
  readonly quietSeconds: number;
}

/** With so many pods the shares of the steps are exact: 3 + 1, 2 + 2 and 0 + 4 pods. */
const replicas = 4;
const strategies = {
  RollingUpdate: { type: "RollingUpdate" },
  Canary: { type: "Canary", canary: { steps: [{ setWeight: 25 }, { setWeight: 50 }, { setWeight: 100 }] } },
};
type StrategyType = keyof typeof strategies;
const types = Object.keys(strategies) as readonly StrategyType[];

/** As fast as the load process can send the changes. */
const perSecond = 1000;
const readyWithinMs = 600_000;

/** Measures one rollout of each app with a new operator process, and removes the apps. */
async function rollOut(bench: Bench, apps: number, type: StrategyType) {
  return bench.progress.step(`${apps} rollouts at once, ${type}`, async () => {
    const column = operated({ replicas, strategy: strategies[type] });
    const work = { apps, changes: apps, perSecond };
    const { speed, cost, operator, namespace } = await measureOperated(bench, work, column);
    await operator.stop();
    await clear(bench, namespace);
    return { type, speed, operator: cost };
  });
}

/** Gives idle apps each strategy in turn, which starts no rollout, and measures what the operator does then. */
async function idle(bench: Bench, { idleApps, quietSeconds }: StrategySize) {
  const column = operated();
  const work = { apps: idleApps, changes: 0, perSecond };
  const { operator, namespace } = await bench.progress.step(`${idleApps} idle apps`, () =>
    measureOperated(bench, work, column),
  );
  const measured: Partial<Record<StrategyType, Quiet>> = {};
  for (const type of types) {
    const body = { spec: { strategy: strategies[type] } };
    await inParallel(idleApps, creators, async (index) => {
      const ref = { namespace, name: nameOf(index) };
      await bench.client.patch(resources.DemoApp, ref, { type: "merge", body });
    });
    await until(`the apps are ready with ${type}`, readyWithinMs, async () => {
      const { items } = await bench.client.list(resources.DemoApp, { namespace });
      return items.every((app) => column.readyGeneration(app) === app.metadata.generation) || undefined;
    });
    measured[type] = await quiet(bench, operator, quietSeconds);
  }
  await operator.stop();
  await removeNamespace(bench.client, namespace);
  return measured as Record<StrategyType, Quiet>;
}

/** Compares canaries with rolling updates, in turn and in the same way. */
export async function compareStrategies(bench: Bench, size: StrategySize): Promise<StrategyReport> {
  const { operator, namespace } = await bench.progress.step("warm-up", () => measureOperated(bench, warmUp));
  await operator.stop();
  await clear(bench, namespace);
  const rollouts = [];
  for (const type of types) rollouts.push(await rollOut(bench, size.apps, type));
  const atRest = await idle(bench, size);
  const rounds = rollouts.map((rollout) => ({ ...rollout, idle: atRest[rollout.type] }));
  return { ...size, replicas, rounds };
}
