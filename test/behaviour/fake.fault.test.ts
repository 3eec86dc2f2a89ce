import { describe, expect, test } from "@jest/globals";
import { adoptBy, labels, managedBy } from "../../operator/api/names.ts";
import { kinds } from "../../tools/objects.ts";
import type { RequestFacts } from "../sim/apiserver/faults.ts";
import { fieldsOf } from "../sim/apiserver/json.ts";
import { TestEnvironment, image } from "./environment.ts";
import { fakeSetup } from "./fake.ts";
import type { FakeEnvironment } from "./lifecycle.ts";
import { userAgent } from "./operator.ts";
import { scenarios, timeoutMs } from "./scenarios/all.ts";

describe("on the fake API server", () => {
  for (const [name, run] of Object.entries(scenarios))
    test.concurrent(name, async () => TestEnvironment.use(await fakeSetup(), run), timeoutMs);
});

describe("with an outdated cache", () => {
  test.concurrent(
    "a new leader's watch of DemoApps is silent: it reads the DemoApp and rolls nothing back",
    async () =>
      TestEnvironment.use(await fakeSetup(), async (env) => {
        const first = await env.install({}, { identity: "first" });
        const { faults } = env.setup.server;
        const isOperators = ({ userAgent: agent, resource }: { userAgent: string; resource: string }) =>
          agent === userAgent && resource === kinds.DemoApp.plural;
        const isWatch = (request: RequestFacts): boolean => isOperators(request) && request.verb === "watch";
        // The second operator lists in pages, so that its cache is filled before its watch is silent.
        faults.add({
          when: (request) => isWatch(request) && request.query.has("sendInitialEvents"),
          do: { status: 422 },
        });
        faults.add({ when: isWatch, do: { watch: "silent" } });
        const second = await env.startOperator({ identity: "second" });
        await env.eventually("the second operator is ready", async () => second.isReady);
        await env.deploy({ image: image("2") });
        await first.stop();
        await env.eventually("the second operator has read the DemoApp", async () =>
          second.reads.includes("demoapps"),
        );
        await env.quiet(second);
        expect(await env.outcomes()).toEqual(["2 Accepted", "1 Accepted"]);
        expect(await env.podImages()).toEqual([image("2")]);
      }),
    timeoutMs,
  );
});

describe("with a Service of somebody else", () => {
  test.concurrent(
    "its adoption is refused after its fields were taken over, then its owner deletes it: the operator creates its own",
    async () =>
      TestEnvironment.use(await fakeSetup(), async (env) => {
        let isRefused = true;
        env.setup.server.api.admission.add(({ kind, object }) =>
          isRefused && kind.kind === "Service" && object.metadata.labels?.[labels.managedBy] !== undefined
            ? 'admission webhook "services" denied the request: no'
            : undefined,
        );
        const selector = { [labels.name]: "web", [labels.managedBy]: managedBy, [labels.track]: "stable" };
        const spec = { selector, externalIPs: ["10.9.9.9"], ports: [{ port: 80, targetPort: "http" }] };
        const service = { apiVersion: "v1", kind: "Service", metadata: env.ref, spec };
        await env.client.apply(kinds.Service, service, { fieldManager: "helm", force: true });
        await env.startOperator();
        await env.apply();
        await env.blocked("NameTaken");
        await env.patch(kinds.Service, { metadata: { annotations: { [adoptBy]: "web" } } });
        await env.blocked("AdmissionRefused");
        isRefused = false;
        await env.delete(kinds.Service);
        await env.phase("Healthy");
        expect(await env.names(kinds.Service)).toEqual(["web"]);
      }),
    timeoutMs,
  );
});

/** Needs an API server of its own, because these tests change the CRD or remove it. */
describe("with another CRD or none", () => {
  const run = async (test: (env: FakeEnvironment) => Promise<void>): Promise<void> =>
    TestEnvironment.use(await fakeSetup(), test);

  /** Stores a spec that an older schema accepted. */
  function store({ setup: { server } }: FakeEnvironment, spec: object): void {
    const kind = server.api.kind("demoapps.demoapp.dev");
    const [live] = server.api.store.list(kind);
    if (live === undefined) throw new Error("there is no DemoApp");
    const metadata = { ...live.metadata, generation: (live.metadata.generation ?? 0) + 1 };
    server.api.store.put(kind, { ...live, metadata, spec: { ...fieldsOf(live["spec"]), ...spec } });
  }

  test.concurrent(
    "a stored DemoApp is invalid: it is Stalled, and the operator changes nothing",
    () =>
      run(async (env) => {
        const operator = await env.install();
        await env.quiet(operator);
        const { metadata } = await env.deployment();
        store(env, { image: image("2"), replicas: -1 });
        const { status } = await env.phase("Degraded");
        expect(status.conditions).toMatchObject([
          { type: "Ready", status: "False" },
          { type: "Stalled", status: "True", reason: "InvalidSpec" },
          { type: "Available", status: "True" },
        ]);
        expect(status.blockers[0]?.message).toContain("replicas");
        expect((await env.deployment()).metadata.resourceVersion).toBe(metadata.resourceVersion);
        await env.deploy({ image: image("2"), replicas: 2 });
      }),
    timeoutMs,
  );

  test.concurrent(
    "the CRD is not installed: the operator logs one error, is not ready, and works once the CRD exists",
    () =>
      run(async (env) => {
        const install = env.setup.server.faults.add({
          when: (request) => request.userAgent === userAgent && request.resource === kinds.DemoApp.plural,
          times: Infinity,
          do: { status: 404, message: "the server could not find the requested resource" },
        });
        const operator = await env.startOperator();
        await env.eventually("a second attempt", async () =>
          operator.log.some(({ msg }) => msg === "list or watch still fails, retrying"),
        );
        expect(operator.isReady).toBe(false);
        expect(operator.logged("error")).toMatchObject([{ resource: "demoapps" }]);
        install();
        await env.deploy();
        expect(operator.isReady).toBe(true);
      }),
    timeoutMs,
  );

  for (const [cause, status] of [
    ["its CRD was deleted", 404],
    ["the operator lost its permission", 403],
  ] as const)
    test.concurrent(
      `a DemoApp is deleted while DemoApps can't be listed, because ${cause}: the operator writes nothing`,
      () =>
        run(async (env) => {
          const operator = await env.install();
          await env.quiet(operator);
          const { server } = env.setup;
          server.faults.add({
            when: ({ userAgent: agent, resource, verb }) =>
              agent === userAgent && resource === kinds.DemoApp.plural && /^(list|watch)$/.test(verb),
            times: Infinity,
            do: { status },
          });
          server.breakWatches("reset");
          await env.eventually("the operator is not ready", async () => !operator.isReady);
          const written = operator.writes.length;
          const app = await env.app();
          await env.client.delete(kinds.DemoApp, app.metadata);
          await env.eventually("the Deployment is collected", async () => {
            const found = await env.client.list(kinds.Deployment, { namespace: env.namespace });
            return found.items.length === 0;
          });
          await env.quiet(operator);
          expect(operator.writes.slice(written)).toEqual([]);
        }),
      timeoutMs,
    );
});
