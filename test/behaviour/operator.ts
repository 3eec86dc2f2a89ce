import { DemoAppController } from "../../operator/controller/controller.ts";
import { type ApiClient, type ClientOptions, createClient } from "../../operator/runtime/client.ts";
import type { Clock } from "../../operator/runtime/clock.ts";
import { createLogger } from "../../operator/runtime/log.ts";
import { createMetrics } from "../../operator/runtime/metrics.ts";
import type { RequestInfo } from "../../operator/runtime/transport.ts";
import { KillSwitch } from "./killswitch.ts";

/** Identifies the operator's requests. */
export const userAgent = "demoapp-operator";

export interface OperatorOptions {
  /** How to reach the API server. */
  readonly access: Pick<ClientOptions, "server" | "kubeconfig">;
  readonly namespace: string;
  readonly clock: Clock;
  /** Its name in the leader election; without a name there is no election. */
  readonly identity?: string;
  /** How long after its last renewal another operator takes the lease over; default 3 s. */
  readonly leaseDurationMs?: number;
  /** Kills the operator at the write of this number, counted from 1. */
  readonly lastWrite?: number;
  /** Of one attempt of a request. */
  readonly timeoutMs?: number;
}

/** The leader election of an operator with a name. */
const electionOf = ({ namespace, identity, leaseDurationMs = 3_000 }: OperatorOptions) =>
  identity === undefined
    ? undefined
    : {
        name: userAgent,
        namespace,
        identity,
        leaseDurationMs,
        renewDeadlineMs: (leaseDurationMs * 2) / 3,
        retryPeriodMs: 400,
      };

type LogLine = Readonly<Record<string, unknown>>;

/** The operator, wired as in main.ts but within this process. */
export class RunningOperator {
  readonly log: LogLine[] = [];
  readonly #requests: RequestInfo[] = [];
  readonly killSwitch: KillSwitch;
  readonly #client: ApiClient;
  readonly #controller: DemoAppController;

  constructor(options: OperatorOptions) {
    const { access, namespace, clock, lastWrite, timeoutMs } = options;
    this.killSwitch = new KillSwitch(lastWrite);
    const onRequest = (request: RequestInfo): void => void this.#requests.push(request);
    this.#client = createClient({ ...access, userAgent, timeoutMs, onRequest });
    this.#controller = new DemoAppController({
      name: userAgent,
      client: this.killSwitch.guard(this.#client),
      namespaces: [namespace],
      concurrency: 20,
      backoff: { baseMs: 200, maxMs: 120_000 },
      leaderElection: electionOf(options),
      clock,
      random: Math.random,
      log: createLogger("debug", { write: (line) => this.log.push(JSON.parse(line) as LogLine) }),
      metrics: createMetrics(),
    });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  /** The successful writes, as `METHOD resource`, without those of the Lease. */
  get writes(): readonly string[] {
    return this.#requests
      .filter(({ method, resource, status }) => method !== "GET" && resource !== "leases" && status < 300)
      .map(({ method, resource }) => `${method} ${resource}`);
  }

  /** The resource of each read of one object; lists and watches don't count. */
  get reads(): readonly string[] {
    return this.killSwitch.reads;
  }

  get isReady(): boolean {
    return Object.values(this.#controller.ready).every((check) => check() === undefined);
  }

  logged(level: "info" | "warn" | "error"): readonly LogLine[] {
    return this.log.filter((line) => line["level"] === level);
  }

  /** Stops in order, as on SIGTERM. */
  async stop(): Promise<void> {
    await this.#controller.shutDown();
    await this.#client.close();
  }

  /** Ends without another request, as on SIGKILL, and frees what the operator used in this process. */
  async kill(): Promise<void> {
    this.killSwitch.kill();
    await this.stop();
  }
}
