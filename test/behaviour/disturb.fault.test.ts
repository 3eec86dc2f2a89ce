import { describe, expect, test } from "@jest/globals";
import { chaos } from "../sim/apiserver/chaos.ts";
import type { Fault, FaultRule, RequestFacts } from "../sim/apiserver/faults.ts";
import { isWrite } from "../sim/apiserver/request.ts";
import { seededRandom } from "../sim/random.ts";
import { type FakeGround, fakeGround } from "./fake.ts";
import { userAgent } from "./operator.ts";
import { timeoutMs } from "./suite.ts";
import { ending, fewestReady, tell } from "./lifecycle.ts";
import { World } from "./world.ts";

interface Trouble {
  readonly name: string;
  /** Strikes the operator's requests from its start on. */
  readonly rule?: FaultRule;
  /** Goes wrong while the update is under way. */
  readonly atUpdate?: (ground: FakeGround) => Promise<void>;
  readonly speed?: number;
}

const isCall = ({ verb }: RequestFacts): boolean => verb !== "watch";
const isList = ({ verb }: RequestFacts): boolean => verb === "list";
const isWatch = ({ verb }: RequestFacts): boolean => verb === "watch";

interface Strike {
  /** Share of the requests; by chance, for what strikes each n-th could strike the same one for ever. */
  readonly share?: number;
  readonly times?: number;
}

/** Does something to the operator's requests of a sort. */
function strike(
  fault: Fault,
  of: (request: RequestFacts) => boolean,
  { share = 1, times = Infinity }: Strike = {},
): FaultRule {
  const random = seededRandom(1);
  return {
    when: (request) => request.userAgent === userAgent && of(request) && random() < share,
    times,
    do: fault,
  };
}

const often: Strike = { share: 0.3 };

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Nobody answers the operator for a while, and its watches break. */
async function away({ server }: FakeGround): Promise<void> {
  const back = server.faults.add({
    when: (request) => request.userAgent === userAgent,
    times: Infinity,
    do: "reset-before",
  });
  server.breakWatches("reset");
  await pause(500);
  back();
}

const troubles: readonly Trouble[] = [
  {
    name: "connections that break before a request took effect",
    rule: strike("reset-before", isCall, often),
  },
  { name: "connections that break after a request took effect", rule: strike("reset-after", isCall, often) },
  { name: "versions that are gone when listing", rule: strike("gone", isList, { ...often, times: 6 }) },
  { name: "versions that are gone when watching", rule: strike({ watch: "gone", after: 2 }, isWatch) },
  {
    name: "a server that asks to come back later",
    rule: strike({ status: 429, retryAfterSeconds: 1 }, isCall, { ...often, times: 4 }),
  },
  { name: "errors of the server", rule: strike({ status: 500 }, isCall, often) },
  { name: "a server that is not available", rule: strike({ status: 503 }, isCall, often) },
  { name: "slow answers", rule: strike({ delayMs: 300 }, isCall) },
  { name: "answers that never come", rule: strike("hang", isCall, { share: 0.1, times: 5 }) },
  { name: "a storm of conflicts", rule: strike({ status: 409 }, isWrite, often) },
  { name: "events that are cut off", rule: strike({ watch: "truncate", after: 3 }, isWatch) },
  { name: "watches that break", rule: strike({ watch: "reset", after: 3 }, isWatch) },
  { name: "watches that end", rule: strike({ watch: "end", after: 3 }, isWatch) },
  { name: "events that come twice", rule: strike({ watch: "duplicate" }, isWatch) },
  { name: "events that swap places", rule: strike({ watch: "reorder" }, isWatch) },
  {
    name: "watches that fall silent",
    rule: strike({ watch: "silent", after: 3 }, isWatch, { times: 6 }),
    speed: 60,
  },
  { name: "a history that is compacted while the watches break", atUpdate: compactAndBreak },
  { name: "a server that is away", atUpdate: away },
  ...[1, 2, 3].map((seed) => ({ name: `everything at random (${seed})`, rule: chaosFor(seed) })),
];

function compactAndBreak({ server }: FakeGround): Promise<void> {
  server.compact();
  server.breakWatches("end");
  return Promise.resolve();
}

function chaosFor(seed: number): FaultRule {
  return chaos({ seed, when: (request) => request.userAgent === userAgent });
}

interface Told {
  readonly end: object;
  readonly fewest: number;
}

/** Tells the tale in the midst of a trouble. */
async function told({ rule, atUpdate, speed }: Partial<Trouble> = {}): Promise<Told> {
  const ground = await fakeGround(speed);
  const world = await World.on(ground);
  try {
    if (rule) ground.server.faults.add(rule);
    const fewest = fewestReady(ground, 2);
    await world.startOperator({ timeoutMs: 500 });
    await tell(world, () => atUpdate?.(ground) ?? Promise.resolve());
    return { end: await ending(world), fewest: fewest() };
  } finally {
    await world.close();
  }
}

describe("an app's life comes to the same end with", () => {
  let first: Promise<Told> | undefined;
  // Concurrent tests start before any hook has run.
  const undisturbed = (): Promise<Told> => (first ??= told());

  for (const trouble of troubles)
    test.concurrent(
      trouble.name,
      async () => {
        expect(await told(trouble)).toEqual(await undisturbed());
      },
      timeoutMs,
    );
});
