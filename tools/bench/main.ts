// `npm run bench [-- --quick] [--json] [--output FILE]`: how fast and how cheap the operator is, beside bare Deployments, on a
// cluster with fake nodes. The load comes from this process; the operator runs in one of its own.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Command } from "commander";
import { consoleProgress } from "../cluster/progress.ts";
import { clusterFor } from "../cluster/provider.ts";
import { type Size, bench } from "./bench.ts";
import { buildOperator } from "./operator.ts";
import { textOf } from "./report.ts";

const full: Size = {
  rounds: [
    { apps: 500, perSecond: 4 },
    { apps: 1000, perSecond: 10 },
  ],
  changes: 150,
  quietSeconds: 60,
};

/** Enough to see that the benchmark works; its figures mean little. */
const quick: Size = { rounds: [{ apps: 20, perSecond: 4 }], changes: 10, quietSeconds: 3 };

interface Options {
  readonly quick?: true;
  readonly json?: true;
  readonly output?: string;
  readonly keep?: true;
  readonly name: string;
}

async function main(options: Options): Promise<void> {
  const progress = consoleProgress();
  const cluster = await clusterFor(options.name, "kwok");
  const wasUp = (await cluster.status()).state === "up";
  await progress.step("operator bundled", buildOperator);
  try {
    await cluster.up(progress);
    const report = await bench(cluster, options.quick === true ? quick : full, progress);
    console.log(`\n${textOf(report)}`);
    if (options.json === true) console.log(JSON.stringify(report));
    if (options.output !== undefined) {
      await mkdir(dirname(options.output), { recursive: true });
      await writeFile(options.output, JSON.stringify(report));
    }
  } finally {
    if (!wasUp && options.keep !== true) await cluster.down(progress);
  }
}

const program = new Command("bench")
  .description("Measures the operator beside bare Deployments on a cluster with fake nodes")
  .option("--quick", "tens of apps: shows that the benchmark works, its figures mean little")
  .option("--json", "print the report as JSON, as the last line")
  .option("--output <file>", "write the report as JSON")
  .option("--keep", "leave the cluster running")
  .option("--name <cluster>", "which cluster", "bench")
  .action(main);
await program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
