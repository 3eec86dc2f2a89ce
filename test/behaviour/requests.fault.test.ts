import { describe, expect, test } from "@jest/globals";
import { TestEnvironment, image } from "./environment.ts";
import { fakeSetup } from "./fake.ts";
import type { RunningOperator } from "./operator.ts";
import { timeoutMs } from "./scenarios/all.ts";

interface Requests {
  readonly writes: readonly string[];
  /** The resource of each object that was read. */
  readonly reads: readonly string[];
}

const none: Requests = { writes: [], reads: [] };

/** The requests after earlier ones, without those whose number depends on how long the rollout takes. */
const since = (before: Requests, { writes, reads }: RunningOperator): Requests => ({
  writes: writes
    .slice(before.writes.length)
    .filter((write) => !/^(PATCH demoapps\/status|POST events)$/.test(write)),
  reads: reads.slice(before.reads.length),
});

describe("the requests of a rollout, besides status writes and events", () => {
  test.concurrent.each([1, 10])(
    "%i replicas: as few as the promises allow",
    async (replicas) =>
      TestEnvironment.use(await fakeSetup(), async (env) => {
        const operator = await env.install({ replicas });
        await env.quiet(operator);
        expect(since(none, operator)).toEqual({
          writes: [
            "POST controllerrevisions",
            "PATCH deployments",
            "PATCH services",
            "PATCH controllerrevisions",
          ],
          // The first three at the same time, the last one before the acceptance.
          reads: ["deployments", "services", "demoapps", "demoapps"],
        });
        const installed = { writes: operator.writes, reads: [...operator.reads] };
        await env.deploy({ replicas, image: image("2") });
        await env.quiet(operator);
        expect(since(installed, operator)).toEqual({
          writes: ["POST controllerrevisions", "PATCH deployments", "PATCH controllerrevisions"],
          reads: ["demoapps", "demoapps"],
        });
      }),
    timeoutMs,
  );
});
