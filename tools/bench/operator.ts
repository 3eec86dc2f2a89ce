import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { until } from "../cluster/command.ts";
import { imageSettings, peakRssMiB } from "../imagesettings.ts";
import { type RunningProcess, startProcess } from "../process.ts";
import { type Requests, requestsIn } from "./requests.ts";

const root = join(import.meta.dirname, "../..");

/** Linux reports CPU time in hundredths of a second, whatever the kernel's own tick. */
const msPerTick = 10;
/** CPU time per `idleWindowMs` that renewing the Lease and answering probes stay below. */
const idleCpuMs = 30;
const idleWindowMs = 2_000;
const startMs = 60_000;

/** The operator as it is shipped: one bundle, with leader election, in its own process. */
export class OperatorProcess {
  readonly #process: RunningProcess;
  readonly stop: () => Promise<void>;

  private constructor(process: RunningProcess) {
    this.#process = process;
    this.stop = () => process.stop();
  }

  /** Starts the operator and waits until its caches are synced; an abort of `signal` ends it. */
  static async start(kubeconfig: string, signal: AbortSignal): Promise<OperatorProcess> {
    const { args, env } = imageSettings();
    const own = { KUBECONFIG: kubeconfig, PORT: "0", POD_NAMESPACE: "default", POD_NAME: "bench" };
    const argv = [process.execPath, ...args, join(root, "dist/operator/main.js")];
    const operator = new OperatorProcess(
      await startProcess(argv, {
        env: { PATH: process.env.PATH, ...env, ...own },
        ready: /"msg":"started"/,
        readyWithinMs: startMs,
        signal,
      }),
    );
    await until("operator ready", startMs, async () => (await operator.#get("/readyz")).ok || undefined);
    return operator;
  }

  /** User and system CPU time since the start, in ms. */
  get cpuMs(): number {
    // The second field, the program's name, may contain blanks: count the fields after its closing parenthesis.
    const fields =
      readFileSync(`/proc/${this.#process.pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * msPerTick;
  }

  /** The peak of resident memory, in MiB. */
  get peakRssMiB(): number {
    return peakRssMiB(this.#process.pid);
  }

  async requests(): Promise<Requests> {
    return requestsIn(await (await this.#get("/metrics")).text());
  }

  /**
   * Waits until the operator is idle, and reads its requests, and its CPU time before and after reading them: the
   * reading takes CPU time itself.
   */
  async read() {
    await this.idle();
    const beforeMs = this.cpuMs;
    const requests = await this.requests();
    await this.idle();
    return { requests, beforeMs, afterMs: this.cpuMs };
  }

  /** Waits until the operator uses hardly any CPU time; rejects after two minutes. */
  async idle(): Promise<void> {
    const endMs = performance.now() + 120_000;
    for (let before = -Infinity; this.cpuMs - before > idleCpuMs;) {
      if (performance.now() > endMs) throw new Error("the operator is not idle after two minutes");
      before = this.cpuMs;
      await delay(idleWindowMs);
    }
  }

  #get(path: string): Promise<Response> {
    const port = /"port":(\d+)/.exec(this.#process.readyLine)?.[1];
    return fetch(`http://127.0.0.1:${port}${path}`);
  }
}
