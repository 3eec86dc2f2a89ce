import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../../../tools/cluster/command.ts";
import { kubeconfigOf } from "../../../tools/cluster/kubeconfig.ts";
import type { FastClockOptions } from "../../sim/fastclock.ts";
import { type Program, start } from "../../support/program.ts";

const main = join(import.meta.dirname, "../../../operator/main.ts");
const preload = join(import.meta.dirname, "preload.ts");

/** Real time for an answer of the process, which may be busy. */
const answerMs = 20_000;

export interface OperatorOptions {
  readonly server: string;
  /** Where the kubeconfig is written. */
  readonly folder: string;
  readonly clock: FastClockOptions;
}

/** The operator as a process of its own, with leader election, on a fast clock. */
export class OperatorProcess {
  readonly #options: OperatorOptions;
  #program: Program | undefined;
  #exitCode: number | undefined;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { server, folder, clock } = this.#options;
    const kubeconfig = join(folder, "kubeconfig");
    await writeFile(kubeconfig, kubeconfigOf({ server }));
    const program = await start(main, {
      KUBECONFIG: kubeconfig,
      POD_NAMESPACE: "default",
      // A second of real time: a pause of this machine must not cost the lease.
      LEASE_DURATION_SECONDS: String(clock.speed),
      // Timeouts of requests run on the machine's clock: the shortest possible one.
      CLIENT_TIMEOUT_SECONDS: "1",
      FAST_CLOCK: JSON.stringify(clock),
      NODE_OPTIONS: `--import=${preload}`,
    });
    this.#program = program;
    void program.exit.then((code) => {
      if (this.#program === program) this.#exitCode = code;
    });
  }

  async kill(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    program?.kill("SIGKILL");
    await program?.exit;
  }

  /** Throws if the process has ended by itself, as after an unhandled rejection. Its error output is on stderr. */
  checkRunning(): void {
    if (this.#exitCode !== undefined) throw new Error(`the operator has exited with ${this.#exitCode}`);
  }

  /** The size of the heap after a garbage collection, in MiB. */
  async heapMiB(): Promise<number> {
    const sizes = (): readonly number[] =>
      this.#log.flatMap((line) => (line.msg === "heap" ? Number(line["bytes"]) : []));
    const { length } = sizes();
    this.#program?.kill("SIGUSR2");
    const bytes = await until("the size of the heap", answerMs, async () => sizes()[length]);
    return Math.round((10 * bytes) / 2 ** 20) / 10;
  }

  /** The probes that fail. */
  async failingProbes(): Promise<readonly string[]> {
    const probe = async (path: string): Promise<readonly string[]> => {
      const url = `http://127.0.0.1:${this.#program?.port}${path}`;
      // With the fast clock, the operator ends a connection without headers after some real ms. The kubelet retries too.
      const { ok } = await until("an answer to a probe", answerMs, () => fetch(url).catch(() => undefined));
      return ok ? [] : [path];
    };
    return (await Promise.all([probe("/livez"), probe("/readyz")])).flat();
  }

  /** The last lines of the log, for an error message. */
  get logEnd(): string {
    const lines = this.#log.slice(-30).map((line) => JSON.stringify(line));
    return lines.join("\n");
  }

  get #log(): Program["log"] {
    return this.#program?.log ?? [];
  }
}
