import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { Command, Option } from "commander";
import { script } from "../script.ts";
import { consoleProgress } from "./progress.ts";
import { MODES, clusterFor } from "./provider.ts";
import type { Cluster, Mode } from "./provider.ts";

interface Options {
  readonly name: string;
  readonly mode?: Mode;
  readonly follow?: boolean;
}

const name = new Option("--name <cluster>", "name of the cluster").default("demo");
const mode = new Option("--mode <mode>", "node: real pods; kwok: fake nodes; api: control plane only")
  .choices(MODES)
  .default("node");

/** Shell lines that select the cluster for kubectl. */
export function environmentOf(cluster: Pick<Cluster, "kubeconfig" | "kubectl">): string {
  const path = isAbsolute(cluster.kubectl) ? `\nexport PATH='${dirname(cluster.kubectl)}':"$PATH"` : "";
  return `export KUBECONFIG='${cluster.kubeconfig}'${path}`;
}

const clusterOf = (options: Options): Promise<Cluster> => clusterFor(options.name, options.mode ?? "node");

async function up(options: Options): Promise<void> {
  const cluster = await clusterOf(options);
  await cluster.up(consoleProgress());
  console.log(
    `cluster ${cluster.name} is up; for kubectl: eval "$(npm run -s cluster -- env --name ${cluster.name})"`,
  );
}

async function down(options: Options): Promise<void> {
  await (await clusterOf(options)).down(consoleProgress());
}

async function status(options: Options): Promise<void> {
  const { state, provider, components } = await (await clusterOf(options)).status();
  console.log(`${options.name}: ${state} (${provider})`);
  for (const one of components)
    console.log(`  ${one.name.padEnd(24)} ${one.state.padEnd(8)} ${one.pid ?? ""}`.trimEnd());
  if (state !== "up") process.exitCode = 1;
}

async function env(options: Options): Promise<void> {
  console.log(environmentOf(await clusterOf(options)));
}

async function logs(component: string, options: Options): Promise<void> {
  const file = (await clusterOf(options)).logFile(component);
  if (file === undefined || !existsSync(file))
    throw new Error(`cluster ${options.name} has no log of "${component}"`);
  const argv = ["-n", "+1", ...(options.follow === true ? ["-f"] : []), file];
  await once(spawn("tail", argv, { stdio: "inherit" }), "close");
}

/** The command line: `cluster up | down | status | env | logs`. */
export function program(): Command {
  const cluster = new Command("cluster").description("A local Kubernetes for the demo and the tests");
  cluster.command("up").description("start or repair it").addOption(name).addOption(mode).action(up);
  cluster.command("down").description("remove it").addOption(name).action(down);
  cluster.command("status").description("list its components").addOption(name).action(status);
  cluster.command("env").description("print shell lines to eval").addOption(name).action(env);
  const logsCommand = cluster.command("logs").description("show a component's log").argument("<component>");
  logsCommand.option("-f, --follow", "keep printing new lines").addOption(name).action(logs);
  return cluster;
}

if (import.meta.main) await script(() => program().parseAsync());
