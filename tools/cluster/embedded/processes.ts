import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { until } from "../command.ts";
import { cgroupProcs } from "./cgroups.ts";
import { deadlinesMs } from "./constants.ts";
import type { ClusterPaths } from "./paths.ts";

/** What to start: `argv` runs inside the cluster's network namespace and cgroup. */
export interface ProcessSpec {
  readonly name: string;
  readonly argv: readonly string[];
}

/** Where processes are started and recorded. */
interface ProcessHome {
  readonly records: string;
  readonly logs: string;
  readonly netns: string;
  /** `cgroup.procs` file that a new process writes itself into before anything else. */
  readonly cgroupProcs: string;
}

type ProcessState = "running" | "paused" | "stopped";

interface ProcessRecord {
  readonly pid: number;
  /** Start time in clock ticks since boot, and the boot: with the pid they name one process for ever. */
  readonly startTicks: string;
  readonly boot: string;
  /** Hash of the argv and of the files it names; another hash means that it has to be started anew. */
  readonly spec: string;
}

interface Stat {
  readonly state: string;
  readonly startTicks: string;
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name (field 2) may hold blanks and parentheses: count from its end.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", startTicks: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

function stateOf(record: ProcessRecord | undefined): ProcessState {
  if (record === undefined || record.boot !== bootId()) return "stopped";
  const stat = statOf(record.pid);
  if (stat === undefined || stat.startTicks !== record.startTicks || "ZX".includes(stat.state))
    return "stopped";
  return stat.state === "T" ? "paused" : "running";
}

/** Starts, stops and finds one cluster's processes, which live on when this one ends. */
export class Processes {
  readonly #home: ProcessHome;

  constructor(home: ProcessHome) {
    this.#home = home;
  }

  logFile(name: string): string {
    return join(this.#home.logs, `${name}.log`);
  }

  /** Names of all that were started and not stopped on purpose. */
  async recorded(): Promise<string[]> {
    const files = await readdir(this.#home.records).catch(() => []);
    return files.map((file) => basename(file, ".json")).toSorted();
  }

  async state(name: string): Promise<ProcessState> {
    return stateOf(await this.#read(name));
  }

  async pid(name: string): Promise<number | undefined> {
    const record = await this.#read(name);
    return stateOf(record) === "stopped" ? undefined : record?.pid;
  }

  /** Makes sure that exactly `spec` runs: resumes a paused one, replaces one with another command or configuration. */
  async ensure(spec: ProcessSpec): Promise<void> {
    const record = await this.#read(spec.name);
    const hash = specHash(spec);
    const state = stateOf(record);
    if (state !== "stopped" && record?.spec !== hash) await this.stop(spec.name, "SIGKILL");
    else if (state === "paused") return this.signal(spec.name, "SIGCONT");
    else if (state === "running") return;
    await this.#start(spec, hash);
  }

  /** Sends a signal; false if it doesn't run. */
  async signal(name: string, signal: NodeJS.Signals): Promise<void> {
    const pid = await this.pid(name);
    if (pid === undefined) throw new Error(`${name} does not run`);
    process.kill(pid, signal);
  }

  /** Ends a process and waits until it is gone; no error if it already is. */
  async stop(name: string, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if ((await this.pid(name)) !== undefined) await this.signal(name, signal);
    await until(`${name} ends`, deadlinesMs.kill, async () =>
      (await this.state(name)) === "stopped" ? true : undefined,
    );
    await rm(this.#recordFile(name), { force: true });
  }

  /** The end of a component's log, for an error message. */
  lastWords(name: string): string {
    try {
      return readFileSync(this.logFile(name), "utf8").trimEnd().split("\n").slice(-8).join("\n  ");
    } catch {
      return "";
    }
  }

  async #start(spec: ProcessSpec, hash: string): Promise<void> {
    await Promise.all(
      [this.#home.logs, this.#home.records].map((folder) => mkdir(folder, { recursive: true })),
    );
    const log = openSync(this.logFile(spec.name), "a");
    // The shell enters the cgroup, then becomes nsenter, which becomes the component: one pid all along.
    const enter = [
      "-c",
      'echo $$ > "$0" && exec "$@"',
      this.#home.cgroupProcs,
      "nsenter",
      `--net=${this.#home.netns}`,
    ];
    const child = spawn("sh", [...enter, ...spec.argv], {
      detached: true,
      stdio: ["ignore", log, log],
      cwd: "/",
    });
    closeSync(log);
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    const pid = child.pid ?? 0;
    const record: ProcessRecord = {
      pid,
      startTicks: statOf(pid)?.startTicks ?? "",
      boot: bootId(),
      spec: hash,
    };
    await writeFile(this.#recordFile(spec.name), JSON.stringify(record));
  }

  #recordFile(name: string): string {
    return join(this.#home.records, `${name}.json`);
  }

  async #read(name: string): Promise<ProcessRecord | undefined> {
    try {
      return JSON.parse(await readFile(this.#recordFile(name), "utf8")) as ProcessRecord;
    } catch {
      // Never started, or killed while the record was written: the cgroup still knows the process.
      return undefined;
    }
  }
}

/** The processes of one cluster. */
export const processesOf = ({ processes, logs, netns, cgroup }: ClusterPaths): Processes =>
  new Processes({ records: processes, logs, netns, cgroupProcs: cgroupProcs(cgroup) });

function specHash(spec: ProcessSpec): string {
  const hash = createHash("sha256").update(JSON.stringify(spec.argv));
  for (const argument of spec.argv.slice(1)) {
    const file = argument.slice(argument.indexOf("=") + 1);
    if (!/\.(yaml|toml|yml|crt|kubeconfig)$/.test(file)) continue;
    hash.update(readFileSync(file));
  }
  return hash.digest("hex");
}
