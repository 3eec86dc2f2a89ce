// `npm run dev`: the operator from source on a cluster of its own, started anew whenever a file of it changes.
// Settings are environment variables (operator/config.ts has the list): `LOG_LEVEL=debug npm run dev`.
import { spawn } from "node:child_process";
import { join } from "node:path";
import pretty from "pino-pretty";
import { command } from "./cluster/command.ts";
import { consoleProgress } from "./cluster/progress.ts";
import { type Cluster, clusterFor } from "./cluster/provider.ts";
import { imageOf } from "./images.ts";

const root = join(import.meta.dirname, "..");

/** A cluster that knows DemoApps, with the web app's image in its registry. */
async function prepare(): Promise<Cluster> {
  const progress = consoleProgress();
  const cluster = await clusterFor("dev", "node");
  await cluster.up(progress);
  const { kubectl, kubeconfig } = cluster;
  await progress.step("CRD applied", () =>
    command([kubectl, "--kubeconfig", kubeconfig, "apply", "--server-side", "-k", join(root, "crds")]),
  );
  const { ref } = await progress.step("web app's image built", () =>
    cluster.build(imageOf("webapp", "1.0.0")),
  );
  for (const line of [
    "",
    'In another shell:  eval "$(npm run -s cluster -- env --name dev)"',
    `An image to run:   ${ref}`,
    "Ctrl-C ends the operator; npm run cluster -- down --name dev removes the cluster.",
    "",
  ])
    progress.note(line);
  return cluster;
}

/** Runs the operator until a signal ends it; gives the exit code. */
function runOperator({ kubeconfig }: Cluster): Promise<number> {
  const child = spawn(
    process.execPath,
    ["--watch", "--watch-preserve-output", join(root, "operator/main.ts")],
    {
      // Nobody else works in there: a lease would only make each start wait for the end of the one before.
      env: { LEADER_ELECT: "false", ...process.env, KUBECONFIG: kubeconfig },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  child.stdout.pipe(pretty({ singleLine: true, translateTime: "SYS:HH:MM:ss.l", ignore: "pid,hostname" }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("exit", (code) => resolve(code ?? 0));
  });
}

process.exitCode = await runOperator(await prepare());
