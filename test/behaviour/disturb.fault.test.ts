import { describe, expect, test } from "@jest/globals";
import { chaos } from "../sim/apiserver/chaos.ts";
import type { Fault, FaultRule, RequestFacts } from "../sim/apiserver/faults.ts";
import { isWrite } from "../sim/apiserver/request.ts";
import { seededRandom } from "../../tools/random.ts";
import { type FakeEnvironment, type LifecycleResult, runLifecycle } from "./lifecycle.ts";
import { userAgent } from "./operator.ts";
import { timeoutMs } from "./scenarios/all.ts";

interface Disturbance {
  readonly name: string;
  /** A fault in the operator's requests. */
  readonly rule?: FaultRule;
  /** Disturbs the API server during the first update. */
  readonly atUpdate?: (env: FakeEnvironment) => Promise<void>;
  readonly speed?: number;
}

type Filter = (request: RequestFacts) => boolean;
const isOperators: Filter = (request) => request.userAgent === userAgent;
const isCall: Filter = ({ verb }) => verb !== "watch";
const isList: Filter = ({ verb }) => verb === "list";
const isWatch: Filter = ({ verb }) => verb === "watch";

interface Frequency {
  /** Share of the requests, chosen at random: every nth request could always be the same one. Default 1. */
  readonly share?: number;
  readonly times?: number;
}

/** A fault in some of the operator's requests. */
function faultIn(filter: Filter, fault: Fault, { share = 1, times = Infinity }: Frequency = {}): FaultRule {
  const random = seededRandom(1);
  return {
    when: (request) => isOperators(request) && filter(request) && random() < share,
    times,
    do: fault,
  };
}

const often: Frequency = { share: 0.3 };

/** The operator can't connect for half a second, and its watches break. */
async function disconnect({ setup: { server } }: FakeEnvironment): Promise<void> {
  const reconnect = server.faults.add({ when: isOperators, times: Infinity, do: "reset-before" });
  server.breakWatches("reset");
  await new Promise((resolve) => setTimeout(resolve, 500));
  reconnect();
}

async function compactAndBreak({ setup: { server } }: FakeEnvironment): Promise<void> {
  server.compact();
  server.breakWatches("end");
}

const disturbances: readonly Disturbance[] = [
  { name: "connections break before a request takes effect", rule: faultIn(isCall, "reset-before", often) },
  { name: "connections break after a request has taken effect", rule: faultIn(isCall, "reset-after", often) },
  { name: "lists fail with 410 Gone", rule: faultIn(isList, "gone", { ...often, times: 6 }) },
  { name: "watches fail with 410 Gone", rule: faultIn(isWatch, { watch: "gone", after: 2 }) },
  {
    name: "the server answers 429 with Retry-After",
    rule: faultIn(isCall, { status: 429, retryAfterSeconds: 1 }, { ...often, times: 4 }),
  },
  { name: "the server answers 500", rule: faultIn(isCall, { status: 500 }, often) },
  { name: "the server answers 503", rule: faultIn(isCall, { status: 503 }, often) },
  { name: "answers are slow", rule: faultIn(isCall, { delayMs: 300 }) },
  { name: "answers never arrive", rule: faultIn(isCall, "hang", { share: 0.1, times: 5 }) },
  { name: "many writes conflict", rule: faultIn(isWrite, { status: 409 }, often) },
  {
    name: "watches break in the middle of an event",
    rule: faultIn(isWatch, { watch: "truncate", after: 3 }),
  },
  { name: "watches break between events", rule: faultIn(isWatch, { watch: "reset", after: 3 }) },
  { name: "the server ends watches", rule: faultIn(isWatch, { watch: "end", after: 3 }) },
  { name: "watch events arrive twice", rule: faultIn(isWatch, { watch: "duplicate" }) },
  { name: "watch events arrive in another order", rule: faultIn(isWatch, { watch: "reorder" }) },
  {
    name: "watches stay open but send no more events",
    rule: faultIn(isWatch, { watch: "silent", after: 3 }, { times: 6 }),
    speed: 60,
  },
  { name: "the history is compacted and the watches end", atUpdate: compactAndBreak },
  { name: "the server is unreachable for a while", atUpdate: disconnect },
  ...[1, 2, 3].map((seed) => ({
    name: `all faults occur at random (seed ${seed})`,
    rule: chaos({ seed, when: isOperators }),
  })),
];

const runWith = ({ rule, atUpdate, speed }: Partial<Disturbance>): Promise<LifecycleResult> =>
  runLifecycle({
    speed,
    atUpdate,
    start: async (env) => {
      if (rule) env.setup.server.faults.add(rule);
      await env.startOperator({ timeoutMs: 500 });
      return undefined;
    },
  });

describe("the API server is disturbed during an app's lifecycle", () => {
  let first: Promise<LifecycleResult> | undefined;
  // Not in a hook, because concurrent tests start before the hooks.
  const undisturbed = (): Promise<LifecycleResult> => (first ??= runWith({}));

  for (const disturbance of disturbances)
    test.concurrent(
      `${disturbance.name}: the end is the same`,
      async () => {
        const { end, fewestReady } = await undisturbed();
        // An event that can't be written is lost, because it must not hold up a rollout.
        expect(await runWith(disturbance)).toMatchObject({ end, fewestReady });
      },
      timeoutMs,
    );
});
