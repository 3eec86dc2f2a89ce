// `npm run dev`: runs the operator from source against a cluster named dev, and restarts it when a source file changes.
// Settings are environment variables, as operator/config.ts lists them: `LOG_LEVEL=debug npm run dev`.
import { spawn } from "node:child_process";
import { join } from "node:path";
import pretty from "pino-pretty";
import { kubectl } from "./cluster/kubectl.ts";
import { consoleProgress } from "./cluster/progress.ts";
import { type Cluster, clusterFor } from "./cluster/provider.ts";
import { imageOf } from "./images.ts";

const root = join(import.meta.dirname, "..");

/** Starts a cluster with the CRD, and with the image of the web app in its registry. */
async function prepare(): Promise<Cluster> {
  const progress = consoleProgress();
  const cluster = await clusterFor("dev", "node");
  await cluster.up(progress);
  await progress.step("CRD applied", () =>
    kubectl(cluster, ["apply", "--server-side", "-k", join(root, "crds")]),
  );
  const { ref } = await progress.step("web app image built", () => cluster.build(imageOf("webapp", "1.0.0")));
  for (const line of [
    "",
    'In another shell:  eval "$(npm run -s cluster -- env --name dev)"',
    `Image of web app:  ${ref}`,
    "Ctrl-C stops the operator; npm run cluster -- down --name dev removes the cluster.",
    "",
  ])
    progress.note(line);
  return cluster;
}

/** Runs the operator until a signal. Returns the exit code. */
function runOperator({ kubeconfig }: Cluster): Promise<number> {
  const child = spawn(
    process.execPath,
    ["--watch", "--watch-preserve-output", join(root, "operator/main.ts")],
    {
      // One process only: with leader election, each restart would wait for the old lease to expire.
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
