import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { command, until } from "../cluster/command.ts";
import { delay } from "./pace.ts";
import { type Requests, requestsIn } from "./requests.ts";

const root = join(import.meta.dirname, "../..");
const bundle = join(root, "dist/operator/main.js");

/** Linux counts CPU time in hundredths of a second, whatever the kernel's own tick. */
const msPerTick = 10;
/** Less than this in `idleWindowMs` is renewing the Lease and answering probes, not work. */
const idleCpuMs = 30;
const idleWindowMs = 2_000;
const maxLines = 10;
const maxLineLength = 500;

/** Makes the bundle that the image holds. */
export async function buildOperator(): Promise<void> {
  await command([process.execPath, join(root, "tools/build.mjs"), "operator"]);
}

/** Node's arguments and environment as the image has them: memory depends on them. */
function runtimeOf(dockerfile: string): {
  readonly args: readonly string[];
  readonly env: Record<string, string>;
} {
  const command = /^CMD (\[.*\])$/m.exec(dockerfile)?.[1];
  const settings = /^ENV (.*)$/m.exec(dockerfile)?.[1];
  if (command === undefined || settings === undefined)
    throw new Error("Dockerfile.operator has no CMD in JSON form, or no ENV");
  return {
    args: (JSON.parse(command) as string[]).filter((argument) => argument.startsWith("--")),
    env: Object.fromEntries(settings.split(" ").map((setting) => setting.split("="))) as Record<
      string,
      string
    >,
  };
}

/** The operator as it is shipped, one bundled file with leader election, as a process of its own. */
export class OperatorProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #port = 0;
  /** Its last lines, for the message when it fails. */
  readonly #lines: string[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("close", () => resolve());
    });
  }

  /** Starts it and waits until its caches are filled. */
  static async start(kubeconfig: string): Promise<OperatorProcess> {
    const runtime = runtimeOf(readFileSync(join(root, "Dockerfile.operator"), "utf8"));
    const env = {
      PATH: process.env.PATH,
      ...runtime.env,
      KUBECONFIG: kubeconfig,
      PORT: "0",
      POD_NAMESPACE: "default",
      POD_NAME: "bench",
    };
    const child = spawn(process.execPath, [...runtime.args, bundle], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const operator = new OperatorProcess(child);
    await operator.#whenListening();
    await until("operator ready", 60_000, async () =>
      (await fetch(operator.#url("/readyz"))).ok ? true : undefined,
    );
    return operator;
  }

  /** CPU time since it started, user and system, in ms. */
  get cpuMs(): number {
    // The second field, the program's name, may hold blanks: fields are counted from behind it.
    const fields = this.#proc("stat").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * msPerTick;
  }

  /** The most memory that it ever had resident, in MiB. */
  get peakRssMiB(): number {
    const kiB = /^VmHWM:\s+(\d+) kB$/m.exec(this.#proc("status"))?.[1];
    return Number(kiB) / 1024;
  }

  async requests(): Promise<Requests> {
    return requestsIn(await (await fetch(this.#url("/metrics"))).text());
  }

  /** Waits until it has nothing more to do, told by its CPU time; rejects after two minutes. */
  async idle(): Promise<void> {
    const endMs = performance.now() + 120_000;
    for (let before = -Infinity; this.cpuMs - before > idleCpuMs;) {
      if (performance.now() > endMs) throw new Error("the operator does not come to rest");
      before = this.cpuMs;
      await delay(idleWindowMs);
    }
  }

  /** Asks it to end and waits until it has. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#ended;
  }

  #whenListening(): Promise<void> {
    const { stdout, stderr } = this.#child;
    return new Promise((resolve, reject) => {
      for (const stream of [stdout, stderr])
        if (stream !== null)
          createInterface({ input: stream }).on("line", (text) => {
            this.#lines.push(text.slice(0, maxLineLength));
            if (this.#lines.length > maxLines) this.#lines.shift();
            const port = /"port":(\d+).*"msg":"started"/.exec(text)?.[1];
            if (port === undefined) return;
            this.#port = Number(port);
            resolve();
          });
      void this.#ended.then(() => reject(new Error(`the operator ended: ${this.#lines.join("\n  ")}`)));
    });
  }

  #url(path: string): string {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  #proc(file: string): string {
    return readFileSync(`/proc/${this.#child.pid}/${file}`, "utf8");
  }
}
