import { describe, expect, test } from "@jest/globals";
import { kinds } from "../e2e/kinds.ts";
import { fieldsOf } from "../sim/apiserver/json.ts";
import { type FakeGround, fakeGround } from "./fake.ts";
import { userAgent } from "./operator.ts";
import { behaviours, happen, timeoutMs } from "./suite.ts";
import { type World, image } from "./world.ts";

describe("on the fake API server", () => {
  for (const story of behaviours) test.concurrent(story.name, () => happen(story, fakeGround()), timeoutMs);
});

/** What the tests of a tier can't do to the API server that they share: change its CRD, or take it away. */
describe("where the CRD was another one, or none", () => {
  const alone = async (run: (world: World, ground: FakeGround) => Promise<void>): Promise<void> => {
    const ground = await fakeGround();
    await happen({ run: (world) => run(world, ground) }, Promise.resolve(ground));
  };

  /** Stores what an older schema let pass. */
  function store({ server }: FakeGround, spec: object): void {
    const kind = server.api.kind("demoapps.demoapp.dev");
    const [live] = server.api.store.list(kind);
    if (live === undefined) throw new Error("there is no DemoApp");
    const generation = (live.metadata.generation ?? 0) + 1;
    const metadata = { ...live.metadata, generation };
    server.api.store.put(kind, { ...live, metadata, spec: { ...fieldsOf(live["spec"]), ...spec } });
  }

  test.concurrent(
    "a stored DemoApp that is not valid is Stalled, and nothing is changed",
    () =>
      alone(async (world, ground) => {
        const operator = await world.startOperator();
        await world.apply();
        await world.phase("Healthy");
        await world.quiet(operator);
        const { metadata } = await world.deployment();
        store(ground, { image: image("2"), replicas: -1 });
        const { status } = await world.phase("Degraded");
        expect(status.conditions).toMatchObject([
          { type: "Ready", status: "False" },
          { type: "Stalled", status: "True", reason: "InvalidSpec" },
          { type: "Available", status: "True" },
        ]);
        expect(status.blockers[0]?.message).toContain("replicas");
        expect((await world.deployment()).metadata.resourceVersion).toBe(metadata.resourceVersion);
        await world.apply({ image: image("2"), replicas: 2 });
        await world.phase("Healthy");
      }),
    timeoutMs,
  );

  test.concurrent(
    "an operator that finds no CRD says so once, is not ready, and works once it is there",
    () =>
      alone(async (world, { server }) => {
        const install = server.faults.add({
          when: (request) => request.userAgent === userAgent && request.resource === kinds.DemoApp.plural,
          times: Infinity,
          do: { status: 404, message: "the server could not find the requested resource" },
        });
        const operator = await world.startOperator();
        await world.eventually("it has tried again", async () =>
          operator.log.some(({ msg }) => msg === "still can't follow") ? true : undefined,
        );
        expect(operator.isReady).toBe(false);
        expect(operator.logged("error")).toMatchObject([{ resource: "demoapps" }]);
        install();
        await world.apply();
        await world.phase("Healthy");
        expect(operator.isReady).toBe(true);
      }),
    timeoutMs,
  );
});
