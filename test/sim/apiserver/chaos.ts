import { seededRandom } from "../../../tools/random.ts";
import type { Fault, FaultRule, RequestFacts } from "./faults.ts";
import { isWrite } from "./request.ts";

export interface ChaosOptions {
  /** The same seed injects the same faults into the same requests. */
  readonly seed: number;
  /** Share of requests with a fault, default 0.2. */
  readonly rate?: number;
  /** Longest delay of an answer, default 20 ms. */
  readonly delayMs?: number;
  /** Selects the requests that can have faults, default all. */
  readonly when?: (request: RequestFacts) => boolean;
}

const statuses = (...codes: readonly number[]): Fault[] => codes.map((status) => ({ status }));

const forGets: readonly Fault[] = ["reset-before", "reset-after", ...statuses(500, 503)];
const forLists: readonly Fault[] = [...forGets, "gone"];
const forWrites: readonly Fault[] = [
  "reset-before",
  "reset-after",
  { status: 429, retryAfterSeconds: 0 },
  ...statuses(500, 503, 409),
];
const forWatches: readonly Fault[] = [
  "reset-before",
  "gone",
  ...statuses(500),
  { watch: "truncate", after: 2 },
  { watch: "reset", after: 3 },
  { watch: "end", after: 1 },
  { watch: "gone", after: 2 },
  { watch: "duplicate" },
  { watch: "reorder" },
];

function faultsFor({ verb }: RequestFacts): readonly Fault[] {
  if (isWrite({ verb })) return forWrites;
  return { get: forGets, list: forLists, watch: forWatches }[verb as "get" | "list" | "watch"];
}

/** A rule that injects random faults. */
export function chaos({ seed, rate = 0.2, delayMs = 20, when = () => true }: ChaosOptions): FaultRule {
  const random = seededRandom(seed);
  const choose = (request: RequestFacts): Fault | undefined => {
    if (random() >= rate) return undefined;
    const faults = [...faultsFor(request), { delayMs: Math.ceil(random() * delayMs) }];
    return faults[Math.floor(random() * faults.length)];
  };
  return { when, times: Infinity, do: choose };
}
