import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse, stringify } from "yaml";
import { applyYaml } from "../installation.ts";
import { kinds } from "../../../tools/objects.ts";
import type { Pod, Reported } from "../objects.ts";
import { TestNamespace } from "../testnamespace.ts";

let ns: TestNamespace;

const badEnv = [{ name: "PORT", value: "none" }];
const crdFile = join(import.meta.dirname, "../../../crds/demoapps.demoapp.dev.yaml");

beforeAll(async () => {
  ns = await TestNamespace.open("lifecycle", "exclusive");
  await Promise.all(["web", "rejected"].map((name) => ns.apply(name)));
  await Promise.all(["web", "rejected"].map((name) => ns.healthy(name)));
  await ns.apply("rejected", { env: badEnv });
  await ns.until("rejected", ({ status }) => status.phase === "Degraded" && status.replicas === 2);
});
afterAll(() => ns.close());

const uids = (pods: readonly Pod[]): readonly string[] => pods.map(({ metadata }) => metadata.uid).toSorted();

/** The parts of a status that a rebuilt status must have too. */
const rebuiltPart = ({ status }: Reported) => ({
  phase: status.phase,
  stable: status.stable,
  rejected: status.rejected,
  history: status.history,
  blockers: status.blockers.map(({ reason, next }) => ({ reason, next })),
  counts: [status.replicas, status.readyReplicas, status.updatedReplicas, status.availableReplicas],
});

describe("the status is deleted", () => {
  test("no rollout is in progress: the status is rebuilt, and the rejected revision stays rejected", async () => {
    for (const name of ["web", "rejected"]) {
      const before = (await ns.app(name)) as Reported;
      const pods = uids(await ns.pods(name));
      await ns.wipeStatus(name);
      const after = await ns.until(name, ({ status }) => status.phase === before.status.phase);
      expect(rebuiltPart(after)).toEqual(rebuiltPart(before));
      expect(uids(await ns.pods(name))).toEqual(pods);
    }
  });

  test("a rollout is in progress: it is accepted", async () => {
    await ns.apply("web", { image: ns.images.second, minReadySeconds: 2 });
    await ns.phase("web", "Progressing");
    await ns.wipeStatus("web");
    const { status } = await ns.healthy("web");
    expect(status.stable).toMatchObject({ rollout: 2, image: ns.images.second });
    expect(status.history.map(({ rollout, outcome }) => [rollout, outcome])).toEqual([
      [2, "Accepted"],
      [1, "Accepted"],
    ]);
  });

  test("a rollout of a bad version is in progress: it is rolled back", async () => {
    await ns.apply("web", { image: ns.images.second, minReadySeconds: 2, env: badEnv });
    await ns.phase("web", "Progressing");
    await ns.wipeStatus("web");
    const { status } = await ns.phase("web", "Degraded");
    expect(status.rejected).toMatchObject([{ rollout: 3, reason: "CrashLoop" }]);
    await ns.apply("web", { image: ns.images.second });
    await ns.healthy("web");
  });
});

describe("a CRD upgrade adds a field with a default", () => {
  interface Definition {
    spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: object } } } } }[] };
  }
  const text = readFileSync(crdFile, "utf8");

  afterAll(() => applyYaml(ns.cluster, text));

  test("pods do not restart, and no rollout starts", async () => {
    const names = ["web", "rejected"];
    const before = await Promise.all(names.map((name) => ns.app(name)));
    const pods = await Promise.all(names.map((name) => ns.pods(name)));
    const definition = parse(text) as Definition;
    const spec = definition.spec.versions[0]?.schema.openAPIV3Schema.properties.spec;
    Object.assign(spec?.properties ?? {}, { tier: { type: "string", default: "gold" } });
    await applyYaml(ns.cluster, stringify(definition));
    await ns.eventually("the default is served", async () =>
      (await ns.app("web")).spec["tier"] === "gold" ? true : undefined,
    );
    // The upgrade sends no watch event. An edit and a restart make the operator read the new field.
    await ns.annotate("web", "example.com/touched=1");
    await ns.operator.restart();
    await ns.kubectl("scale", "demoapp", "rejected", "--replicas=3");
    await ns.until("rejected", ({ status }) => status.phase === "Degraded" && status.replicas === 3);
    for (const [i, name] of names.entries()) {
      const { status } = await ns.app(name);
      expect(status?.stable).toEqual(before[i]?.status?.stable);
      expect(status?.history).toEqual(before[i]?.status?.history);
      expect(uids(await ns.pods(name))).toEqual(expect.arrayContaining([...uids(pods[i] ?? [])]));
    }
  });
});

describe("the DemoApp is deleted", () => {
  test("with --cascade=orphan: the pods stay, and a new DemoApp of the same name adopts them", async () => {
    const pods = uids(await ns.pods("web"));
    const before = await ns.deployment("web");
    await ns.kubectl("delete", "demoapp", "web", "--cascade=orphan");
    await ns.eventually("the Deployment has no owner", async () =>
      ((await ns.deployment("web")).metadata.ownerReferences ?? []).length === 0 ? true : undefined,
    );
    await ns.apply("web", { image: ns.images.second });
    const { metadata, status } = await ns.healthy("web");
    const after = await ns.deployment("web");
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.ownerReferences).toMatchObject([{ uid: metadata.uid }]);
    expect((await ns.service("web")).metadata.ownerReferences).toMatchObject([{ uid: metadata.uid }]);
    expect(uids(await ns.pods("web"))).toEqual(pods);
    expect(status.rejected).toMatchObject([{ rollout: 3 }]);
  });

  test("while the operator is down: all its objects are deleted", async () => {
    await ns.operator.scale(0);
    try {
      await ns.kubectl("delete", "demoapp", "web", "--timeout=30s");
      await ns.eventually("all objects of the app are deleted", async () => {
        const kept = await ns.kubectl("get", "deploy,rs,svc,controllerrevisions,pods", "-o", "name");
        return /\/web/.test(kept) ? undefined : true;
      });
      expect(await ns.exists(kinds.Deployment, "rejected")).toBe(true);
    } finally {
      await ns.operator.scale(2);
    }
  });
});
