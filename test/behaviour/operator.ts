import { DemoAppController } from "../../operator/controller/controller.ts";
import { type ClientOptions, createClient } from "../../operator/runtime/client.ts";
import type { Clock } from "../../operator/runtime/clock.ts";
import { createLogger } from "../../operator/runtime/log.ts";
import type { ManagerOptions } from "../../operator/runtime/manager.ts";
import { createMetrics } from "../../operator/runtime/metrics.ts";
import type { RequestInfo } from "../../operator/runtime/transport.ts";
import { Life, mortal } from "./mortal.ts";

/** How the operator's requests are told from others. */
export const userAgent = "demoapp-operator";

export interface OperatorOptions {
  /** How to reach the API server. */
  readonly access: Pick<ClientOptions, "server" | "kubeconfig">;
  readonly namespace: string;
  readonly clock: Clock;
  /** Takes part in the election under this name; without one it is alone. */
  readonly identity?: string;
  /** It is killed at this call of the API, from 1. */
  readonly lastCall?: number;
  /** Of a single attempt of a request. */
  readonly timeoutMs?: number;
}

const leaseMs = 3_000;
const lease = {
  name: "demoapp-operator",
  leaseDurationMs: leaseMs,
  renewDeadlineMs: (leaseMs * 2) / 3,
  retryPeriodMs: (leaseMs * 2) / 15,
};

/** What main.ts wires, in this process. */
export class RunningOperator {
  /** Its log, as it was written. */
  readonly log: Readonly<Record<string, unknown>>[] = [];
  readonly #requests: RequestInfo[] = [];
  readonly #life: Life;
  readonly #controller: DemoAppController;
  readonly #close: () => Promise<void>;

  private constructor(options: OperatorOptions) {
    const { access, namespace, clock, identity, lastCall, timeoutMs } = options;
    this.#life = new Life(lastCall);
    const metrics = createMetrics();
    const onRequest = (request: RequestInfo): void => void this.#requests.push(request);
    const client = createClient({ ...access, userAgent, timeoutMs, onRequest });
    this.#close = () => client.close();
    const log = createLogger("debug", { write: (line) => this.log.push(JSON.parse(line)) });
    const wiring: ManagerOptions = {
      name: userAgent,
      client: mortal(client, this.#life),
      namespaces: [namespace],
      concurrency: 20,
      backoff: { baseMs: 200, maxMs: 120_000 },
      leaderElection: identity === undefined ? undefined : { ...lease, namespace, identity },
      clock,
      random: Math.random,
      log,
      metrics,
    };
    this.#controller = new DemoAppController(wiring);
  }

  static async start(options: OperatorOptions): Promise<RunningOperator> {
    const operator = new RunningOperator(options);
    await operator.#controller.start();
    return operator;
  }

  /** What it wrote and had accepted, as `METHOD resource`, in order; the Lease apart. */
  get writes(): readonly string[] {
    return this.#requests
      .filter(({ method, resource, status }) => method !== "GET" && resource !== "leases" && status < 300)
      .map(({ method, resource }) => `${method} ${resource}`);
  }

  /** How many calls of the API it has made. */
  get calls(): number {
    return this.#life.calls;
  }

  /** Resolves when it was killed. */
  get killed(): Promise<void> {
    return this.#life.ended;
  }

  get isReady(): boolean {
    return Object.values(this.#controller.ready).every((check) => check() === undefined);
  }

  /** What it logged at a level or above, `30` info, `40` warn, `50` error. */
  logged(level: "info" | "warn" | "error"): readonly Readonly<Record<string, unknown>>[] {
    return this.log.filter((line) => line["level"] === level);
  }

  /** Stops in order, as on SIGTERM. */
  async stop(): Promise<void> {
    await this.#controller.shutDown();
    await this.#close();
  }

  /** Ends without another word to the API server, as by SIGKILL; what is left of it in this process is tidied up. */
  async kill(): Promise<void> {
    this.#life.end();
    await this.stop();
  }
}
