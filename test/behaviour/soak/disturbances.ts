import { type Clock, sleep } from "../../../operator/runtime/clock.ts";
import { kinds } from "../../../tools/objects.ts";
import { chaos } from "../../sim/apiserver/chaos.ts";
import type { Fault, RequestFacts } from "../../sim/apiserver/faults.ts";
import type { FakeApiServer } from "../../sim/apiserver/server.ts";
import { userAgent } from "../operator.ts";

export interface DisturbanceOptions {
  readonly server: FakeApiServer;
  readonly clock: Clock;
  readonly seed: number;
  readonly random: () => number;
}

type Filter = (request: RequestFacts) => boolean;
const isOperators: Filter = (request) => request.userAgent === userAgent;
const isLease: Filter = ({ resource }) => resource === kinds.Lease.plural;
const isCollection: Filter = ({ verb }) => verb === "list" || verb === "watch";

/** Share of the operator's requests with a random fault. */
const rate = 0.05;

/** Faults of the API server, in the operator's requests only: the fake kubelet and the users rely on it. */
export class Disturbances {
  readonly #options: DisturbanceOptions;
  readonly #ending: (() => void)[] = [];
  readonly counts: Record<string, number> = {};

  constructor(options: DisturbanceOptions) {
    this.#options = options;
  }

  /** From now on single requests fail at random. */
  start(): void {
    const { server, seed } = this.#options;
    this.#ending.push(server.faults.add(chaos({ seed, rate, delayMs: 2_000, when: isOperators })));
  }

  /** Ends all faults, also those of open watches. */
  stop(): void {
    for (const end of this.#ending) end();
  }

  /** One random incident. Resolves when it is over. */
  async occur(): Promise<void> {
    const incidents = Object.entries(this.#incidents);
    const [name, incident] = incidents[Math.floor(this.#options.random() * incidents.length)] ?? [];
    if (name === undefined || incident === undefined) throw new Error("there is no incident");
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    await incident();
  }

  get #incidents(): Readonly<Record<string, () => Promise<void>>> {
    const { server, random } = this.#options;
    const kind = this.#choose([kinds.DemoApp, kinds.Deployment, kinds.ControllerRevision, kinds.Pod]);
    const ofKind: Filter = (request) => isCollection(request) && request.resource === kind.plural;
    return {
      "watches end": async () => server.breakWatches(this.#choose(["end", "reset", "truncate", "gone"])),
      "the history is compacted": async () => {
        server.compact();
        server.breakWatches("end");
      },
      "watches are silent": async () => {
        const silent = { watch: "silent", after: Math.floor(random() * 20) } as const;
        const isWatch: Filter = ({ verb }) => verb === "watch";
        await this.#during(isWatch, silent, "end");
      },
      "the server is unreachable": () => this.#during(() => true, "reset-before", "reset"),
      "the server does not answer": () => this.#during((request) => !isLease(request), "hang", "end"),
      "a kind is missing": () => this.#during(ofKind, { status: 404 }, "end"),
      "a permission is missing": () => this.#during(ofKind, { status: 403 }, "reset"),
    };
  }

  #choose<T>(items: readonly [T, ...T[]]): T {
    return items[Math.floor(this.#options.random() * items.length)] ?? items[0];
  }

  /** Injects a fault into the operator's requests for 5 to 60 seconds, and breaks the open watches at the beginning. */
  async #during(filter: Filter, fault: Fault, watches: "end" | "reset"): Promise<void> {
    const { server, clock, random } = this.#options;
    const rule = {
      when: (request: RequestFacts) => isOperators(request) && filter(request),
      times: Infinity,
    };
    const end = server.faults.add({ ...rule, do: fault });
    this.#ending.push(end);
    server.breakWatches(watches);
    await sleep(clock, 5_000 + random() * 55_000);
    end();
  }
}
