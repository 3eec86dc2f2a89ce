// `npm run bench [-- --quick | --apps N] [--strategy canary] [--json] [--output FILE]`: measures the speed and the cost of
// the operator beside bare Deployments, or of canaries beside rolling updates, on a cluster with fake nodes. This process makes the load; the operator has its own process.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { consoleProgress } from "../cluster/progress.ts";
import { clusterFor } from "../cluster/provider.ts";
import { bundle } from "../images.ts";
import { script } from "../script.ts";
import { type Bench, type Size, compareWithBare, withBench } from "./bench.ts";
import { strategiesText, textOf } from "./report.ts";
import { type StrategySize, compareStrategies } from "./strategies.ts";

const full: Size = {
  rounds: [
    { apps: 500, perSecond: 4 },
    { apps: 1000, perSecond: 10 },
  ],
  changes: 150,
  quietSeconds: 60,
};

/** Enough to test the benchmark; too little for reliable figures. */
const quick: Size = { rounds: [{ apps: 20, perSecond: 4 }], changes: 10, quietSeconds: 3 };

const fullStrategies: StrategySize = { apps: 200, idleApps: 1000, quietSeconds: 60 };
const quickStrategies: StrategySize = { apps: 5, idleApps: 10, quietSeconds: 3 };

interface Options {
  readonly quick?: true;
  readonly strategy?: "canary";
  readonly apps?: number;
  readonly json?: true;
  readonly output?: string;
  readonly keep?: true;
  readonly name: string;
}

/** The fake nodes have room for the pods of so many apps, and for those that changes add for a while. */
const maxBenchApps = 5_000;

/** One round with so many apps. */
const sizeOf = (apps: number): Size => ({ ...full, rounds: [{ apps, perSecond: 4 }] });

function parseApps(text: string): number {
  const apps = Number(text);
  if (!Number.isInteger(apps) || apps < 1 || apps > maxBenchApps)
    throw new InvalidArgumentError(`must be a whole number from 1 to ${maxBenchApps}`);
  return apps;
}

/** Measures what the options ask for: the report, and its text for people. */
async function reportOf(bench: Bench, { quick: isQuick, apps, strategy }: Omit<Options, "name">) {
  if (strategy !== undefined) {
    const report = await compareStrategies(bench, isQuick ? quickStrategies : fullStrategies);
    return { report, text: strategiesText(report) };
  }
  const size = isQuick ? quick : full;
  const report = await compareWithBare(bench, apps === undefined ? size : sizeOf(apps));
  return { report, text: textOf(report) };
}

async function main({ json, output, keep, name, ...options }: Options): Promise<void> {
  const progress = consoleProgress();
  const cluster = await clusterFor(name, "kwok");
  const wasUp = (await cluster.status()).state === "up";
  bundle("operator");
  try {
    await cluster.up(progress);
    const { report, text } = await withBench(cluster, progress, (bench) => reportOf(bench, options));
    console.log(`\n${text}`);
    if (json) console.log(JSON.stringify(report));
    if (output !== undefined) {
      await mkdir(dirname(output), { recursive: true });
      await writeFile(output, JSON.stringify(report));
    }
  } finally {
    if (!wasUp && !keep) await cluster.down(progress);
  }
}

const program = new Command("bench")
  .description("Measures the operator beside bare Deployments on a cluster with fake nodes")
  .option("--quick", "few apps: tests the benchmark; the figures are not reliable")
  .addOption(
    new Option("--apps <number>", "one round with so many apps and 4 changes per second")
      .argParser(parseApps)
      .conflicts(["quick", "strategy"]),
  )
  .addOption(
    new Option("--strategy <strategy>", "compare this strategy with rolling updates instead").choices([
      "canary",
    ]),
  )
  .option("--json", "print the report as JSON, as the last line")
  .option("--output <file>", "write the report as JSON")
  .option("--keep", "leave the cluster running")
  .option("--name <cluster>", "name of the cluster", "bench")
  .action(main);
await script(() => program.parseAsync());
