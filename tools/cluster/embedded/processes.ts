import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { until } from "../command.ts";
import type { Signal } from "../provider.ts";
import { cgroupProcs } from "./cgroups.ts";
import { deadlinesMs } from "./constants.ts";
import type { ClusterPaths } from "./paths.ts";

/** A process to start inside the cluster's network namespace and cgroup. */
export interface ProcessSpec {
  readonly name: string;
  readonly argv: readonly string[];
}

type ProcessState = "running" | "paused" | "stopped";

interface ProcessRecord {
  readonly pid: number;
  /** Boot id, and start time in clock ticks since the boot. With the pid they identify one process for ever. */
  readonly started: string;
  /** Hash of the command line and the files that it names. A process with another hash is replaced. */
  readonly spec: string;
}

/** The kernel's state of a process and when it started; undefined if there is none with this pid. */
function statOf(pid: number): { readonly state: string; readonly started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 2, the command name, can contain blanks and parentheses: count the fields from its end.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return { state: fields[0] ?? "", started: `${boot} ${fields[19]}` };
  } catch {
    return undefined;
  }
}

function stateOf(record: ProcessRecord | undefined): ProcessState {
  const stat = record && statOf(record.pid);
  if (stat === undefined || stat.started !== record?.started || "ZX".includes(stat.state)) return "stopped";
  return stat.state === "T" ? "paused" : "running";
}

/** Starts, stops and finds the processes of one cluster, which outlive this process. */
export class Processes {
  readonly #paths: ClusterPaths;

  constructor(paths: ClusterPaths) {
    this.#paths = paths;
  }

  logFile(name: string): string {
    return join(this.#paths.logs, `${name}.log`);
  }

  /** Names of all processes that were started and not stopped by `stop`. */
  async recorded(): Promise<string[]> {
    const files = await readdir(this.#paths.processes).catch(() => []);
    return files.map((file) => basename(file, ".json")).toSorted();
  }

  async state(name: string): Promise<ProcessState> {
    return stateOf(await this.#read(name));
  }

  async pid(name: string): Promise<number | undefined> {
    const record = await this.#read(name);
    return stateOf(record) === "stopped" ? undefined : record?.pid;
  }

  /** Starts the process, resumes a paused one, and replaces one with another command line or configuration. */
  async ensure(spec: ProcessSpec): Promise<void> {
    const record = await this.#read(spec.name);
    const hash = specHash(spec);
    const state = stateOf(record);
    if (state !== "stopped" && record?.spec !== hash) await this.stop(spec.name, "SIGKILL");
    else if (state === "paused") return this.signal(spec.name, "SIGCONT");
    else if (state === "running") return;
    await this.#start(spec, hash);
  }

  /** Sends a signal, and waits until a killed process has ended, or a process is paused. */
  async send(name: string, signal: Signal): Promise<void> {
    if (signal === "SIGKILL") return this.stop(name, signal);
    await this.signal(name, signal);
    // A process that waits for a processor stops only once it runs again.
    if (signal === "SIGSTOP")
      await until(`${name} is paused`, deadlinesMs.kill, async () =>
        (await this.state(name)) === "paused" ? true : undefined,
      );
  }

  /** Sends a signal. Rejects if the process does not run. */
  async signal(name: string, signal: NodeJS.Signals): Promise<void> {
    const pid = await this.pid(name);
    if (pid === undefined) throw new Error(`${name} does not run`);
    process.kill(pid, signal);
  }

  /** Sends a signal and waits until the process has ended. Does nothing if it does not run. */
  async stop(name: string, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if ((await this.pid(name)) !== undefined) await this.signal(name, signal);
    await until(`${name} ends`, deadlinesMs.kill, async () =>
      (await this.state(name)) === "stopped" ? true : undefined,
    );
    await rm(this.#recordFile(name), { force: true });
  }

  /** The last lines of the log, for an error message. */
  lastLogLines(name: string): string {
    try {
      return readFileSync(this.logFile(name), "utf8").trimEnd().split("\n").slice(-8).join("\n  ");
    } catch {
      return "";
    }
  }

  async #start(spec: ProcessSpec, hash: string): Promise<void> {
    const { logs, processes, netns, cgroup } = this.#paths;
    await Promise.all([logs, processes].map((folder) => mkdir(folder, { recursive: true })));
    const log = openSync(this.logFile(spec.name), "a");
    // The shell joins the cgroup, then execs nsenter, which execs the component: the pid stays the same.
    const shell = ["-c", 'echo $$ > "$0" && exec "$@"', cgroupProcs(cgroup)];
    const child = spawn("sh", [...shell, "nsenter", `--net=${netns}`, ...spec.argv], {
      detached: true,
      stdio: ["ignore", log, log],
      cwd: "/",
    });
    closeSync(log);
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    const pid = child.pid ?? 0;
    const record: ProcessRecord = { pid, started: statOf(pid)?.started ?? "", spec: hash };
    await writeFile(this.#recordFile(spec.name), JSON.stringify(record));
  }

  #recordFile(name: string): string {
    return join(this.#paths.processes, `${name}.json`);
  }

  async #read(name: string): Promise<ProcessRecord | undefined> {
    try {
      return JSON.parse(await readFile(this.#recordFile(name), "utf8")) as ProcessRecord;
    } catch {
      // Never started, or `up` was killed while it wrote the record. The cgroup still contains the process.
      return undefined;
    }
  }
}

function specHash(spec: ProcessSpec): string {
  const hash = createHash("sha256").update(JSON.stringify(spec.argv));
  for (const argument of spec.argv.slice(1)) {
    const file = argument.slice(argument.indexOf("=") + 1);
    if (/\.(yaml|toml|yml|crt|kubeconfig)$/.test(file)) hash.update(readFileSync(file));
  }
  return hash.digest("hex");
}
