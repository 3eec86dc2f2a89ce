// `npm run bench [-- --quick] [--json] [--output FILE]`: measures the speed and the cost of the operator beside bare
// Deployments, on a cluster with fake nodes. This process makes the load; the operator has its own process.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Command } from "commander";
import { consoleProgress } from "../cluster/progress.ts";
import { clusterFor } from "../cluster/provider.ts";
import { bundle } from "../images.ts";
import { script } from "../script.ts";
import { type Size, bench } from "./bench.ts";
import { textOf } from "./report.ts";

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

interface Options {
  readonly quick?: true;
  readonly json?: true;
  readonly output?: string;
  readonly keep?: true;
  readonly name: string;
}

async function main({ quick: isQuick, json, output, keep, name }: Options): Promise<void> {
  const progress = consoleProgress();
  const cluster = await clusterFor(name, "kwok");
  const wasUp = (await cluster.status()).state === "up";
  bundle("operator");
  try {
    await cluster.up(progress);
    const report = await bench(cluster, isQuick ? quick : full, progress);
    console.log(`\n${textOf(report)}`);
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
  .option("--quick", "20 apps: tests the benchmark; the figures are not reliable")
  .option("--json", "print the report as JSON, as the last line")
  .option("--output <file>", "write the report as JSON")
  .option("--keep", "leave the cluster running")
  .option("--name <cluster>", "name of the cluster", "bench")
  .action(main);
await script(() => program.parseAsync());
