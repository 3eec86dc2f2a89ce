import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import * as z from "zod";
import type { Cluster, ExecConfig } from "./kubeconfig.ts";

/** The name of the cluster extension that is passed to plug-ins. */
const extensionName = "client.authentication.k8s.io/exec";
/** Number of characters of the plug-in's stderr that an error message contains. */
const maxStderr = 1_000;

const certificateFields = ["clientCertificateData", "clientKeyData"] as const;
const optional = z.string().min(1).optional();
const statusSchema = z
  .object({
    token: optional,
    clientCertificateData: optional,
    clientKeyData: optional,
    expirationTimestamp: z.iso.datetime({ offset: true }).optional(),
  })
  .refine((status) => status.token ?? status.clientCertificateData, "has neither a token nor a certificate")
  .refine(
    (status) =>
      certificateFields.every((name) => status[name]) || !certificateFields.some((name) => status[name]),
    "has only one of certificate and key",
  );

export type ExecStatus = z.output<typeof statusSchema>;

interface ServerInfo {
  readonly cluster: Cluster;
  readonly ca: Buffer | undefined;
}

/** The value of KUBERNETES_EXEC_INFO, which tells the plug-in what is asked for. */
const execInfo = ({ apiVersion, provideClusterInfo }: ExecConfig, { cluster, ca }: ServerInfo): string =>
  JSON.stringify({
    apiVersion,
    kind: "ExecCredential",
    spec: {
      interactive: false,
      cluster:
        provideClusterInfo === true
          ? {
              server: cluster.server,
              "tls-server-name": cluster["tls-server-name"],
              "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"],
              "certificate-authority-data": ca?.toString("base64"),
              "proxy-url": cluster["proxy-url"],
              config: cluster.extensions?.find(({ name }) => name === extensionName)?.extension,
            }
          : undefined,
    },
  });

/** Parses the plug-in's stdout. Error messages don't quote it, because it contains a secret. */
const statusOf = (stdout: string, { command, apiVersion }: ExecConfig): ExecStatus => {
  const schema = z.object({
    kind: z.literal("ExecCredential"),
    apiVersion: z.literal(apiVersion),
    status: statusSchema,
  });
  const parse = (): unknown => {
    try {
      return JSON.parse(stdout);
    } catch {
      throw new Error(`the output of the exec plug-in ${command} is not JSON`);
    }
  };
  const { data, error } = schema.safeParse(parse());
  if (data !== undefined) return data.status;
  const problems = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new Error(`the output of the exec plug-in ${command} is no ExecCredential: ${problems.join("; ")}`);
};

/** Runs a command in its own process group. Kills the whole group if the signal aborts or this process exits. */
const run = async (
  { command, args, installHint }: ExecConfig,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> => {
  const child = spawn(command, args ?? [], { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch (error) {
      // ESRCH: the group has just ended.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  signal.addEventListener("abort", kill, { once: true });
  process.once("exit", kill);
  try {
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    if (child.exitCode === 0) return stdout;
    const end = child.signalCode ?? `exit code ${child.exitCode}`;
    throw new Error(`the exec plug-in ${command} failed with ${end}: ${stderr.trim().slice(-maxStderr)}`);
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const hint = installHint ? `: ${installHint}` : "";
    throw new Error(`the exec plug-in can't be started: ${message}${hint}`, { cause: error });
  } finally {
    signal.removeEventListener("abort", kill);
    process.removeListener("exit", kill);
  }
};

/** Runs an exec plug-in: a program that prints credentials (client.authentication.k8s.io). It inherits the environment. */
export const runExecPlugin = async (
  exec: ExecConfig,
  server: ServerInfo,
  signal: AbortSignal,
): Promise<ExecStatus> => {
  const added = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]));
  const env = { ...process.env, ...added, KUBERNETES_EXEC_INFO: execInfo(exec, server) };
  return statusOf(await run(exec, env, signal), exec);
};
