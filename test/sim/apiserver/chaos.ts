import { seededRandom } from "../random.ts";
import type { Fault, FaultRule, RequestFacts } from "./faults.ts";
import { isWrite } from "./request.ts";

export interface ChaosOptions {
  /** The same seed gives the same faults for the same requests. */
  readonly seed: number;
  /** Share of requests that something happens to, default 0.2. */
  readonly rate?: number;
  /** Longest delay of a slow answer, default 20 ms. */
  readonly delayMs?: number;
  /** Which requests are struck, default all. */
  readonly when?: (request: RequestFacts) => boolean;
}

const forReads: readonly Fault[] = ["reset-before", "reset-after", { status: 500 }, { status: 503 }];
const forLists: readonly Fault[] = [...forReads, "gone"];
const forWrites: readonly Fault[] = [
  "reset-before",
  "reset-after",
  { status: 429, retryAfterSeconds: 0 },
  { status: 500 },
  { status: 503 },
  { status: 409 },
];
const forWatches: readonly Fault[] = [
  "reset-before",
  "gone",
  { status: 500 },
  { watch: "truncate", after: 2 },
  { watch: "reset", after: 3 },
  { watch: "end", after: 1 },
  { watch: "gone", after: 2 },
  { watch: "duplicate" },
  { watch: "reorder" },
];

function faultsFor(request: RequestFacts): readonly Fault[] {
  if (isWrite(request)) return forWrites;
  if (request.verb === "watch") return forWatches;
  return request.verb === "list" ? forLists : forReads;
}

/** A rule that strikes at random, everything that can happen to a request. */
export function chaos({ seed, rate = 0.2, delayMs = 20, when }: ChaosOptions): FaultRule {
  const random = seededRandom(seed);
  return {
    ...(when && { when }),
    times: Infinity,
    do: (request) => {
      if (random() >= rate) return undefined;
      const faults = [...faultsFor(request), { delayMs: Math.ceil(random() * delayMs) }];
      return faults[Math.floor(random() * faults.length)];
    },
  };
}
