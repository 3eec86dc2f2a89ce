import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse, stringify } from "yaml";
import { applyYaml } from "./installation.ts";
import { type Pod, kinds } from "./kinds.ts";
import type { Reported } from "./place.ts";
import { Scene } from "./scene.ts";

let scene: Scene;

const badEnv = [{ name: "PORT", value: "none" }];
const crdFile = join(import.meta.dirname, "../../crds/demoapps.demoapp.dev.yaml");

beforeAll(async () => {
  scene = await Scene.open("lifecycle");
  await Promise.all(["web", "rejected"].map((name) => scene.apply(name)));
  await Promise.all(["web", "rejected"].map((name) => scene.healthy(name)));
  await scene.apply("rejected", { env: badEnv });
  await scene.until("rejected", ({ status }) => status.phase === "Degraded" && status.replicas === 2);
});
afterAll(() => scene.close());

const uids = (pods: readonly Pod[]): readonly string[] => pods.map(({ metadata }) => metadata.uid).toSorted();

/** What of a status has to be the same after it was rebuilt. */
const essence = ({ status }: Reported) => ({
  phase: status.phase,
  stable: status.stable,
  rejected: status.rejected,
  history: status.history,
  blockers: status.blockers.map(({ reason, next }) => ({ reason, next })),
  counts: [status.replicas, status.readyReplicas, status.updatedReplicas, status.availableReplicas],
});

describe("a wiped status", () => {
  test("is rebuilt at rest, and the rejected revision is still known and not tried again", async () => {
    for (const name of ["web", "rejected"]) {
      const before = (await scene.app(name)) as Reported;
      const pods = uids(await scene.pods(name));
      await scene.wipeStatus(name);
      const after = await scene.until(name, ({ status }) => status.phase === before.status.phase);
      expect(essence(after)).toEqual(essence(before));
      expect(uids(await scene.pods(name))).toEqual(pods);
    }
  });

  test("in the middle of a rollout changes nothing about its end", async () => {
    await scene.apply("web", { image: scene.images.second, minReadySeconds: 2 });
    await scene.phase("web", "Progressing");
    await scene.wipeStatus("web");
    const { status } = await scene.healthy("web");
    expect(status.stable).toMatchObject({ rollout: 2, image: scene.images.second });
    expect(status.history.map(({ rollout, outcome }) => [rollout, outcome])).toEqual([
      [2, "Accepted"],
      [1, "Accepted"],
    ]);
  });

  test("in the middle of a bad rollout does not keep it from going back", async () => {
    await scene.apply("web", { image: scene.images.second, minReadySeconds: 2, env: badEnv });
    await scene.phase("web", "Progressing");
    await scene.wipeStatus("web");
    const { status } = await scene.phase("web", "Degraded");
    expect(status.rejected).toMatchObject([{ rollout: 3, reason: "CrashLoop" }]);
    await scene.apply("web", { image: scene.images.second });
    await scene.healthy("web");
  });
});

describe("a CRD upgrade that adds a field with a default", () => {
  interface Definition {
    spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: object } } } } }[] };
  }
  const text = readFileSync(crdFile, "utf8");

  afterAll(() => applyYaml(scene.cluster, text));

  test("restarts no pod and starts no rollout", async () => {
    const names = ["web", "rejected"];
    const before = await Promise.all(names.map((name) => scene.app(name)));
    const pods = await Promise.all(names.map((name) => scene.pods(name)));
    const definition = parse(text) as Definition;
    const spec = definition.spec.versions[0]?.schema.openAPIV3Schema.properties.spec;
    Object.assign(spec?.properties ?? {}, { tier: { type: "string", default: "gold" } });
    await applyYaml(scene.cluster, stringify(definition));
    await scene.eventually("the default is served", async () =>
      (await scene.app("web")).spec["tier"] === "gold" ? true : undefined,
    );
    // The watch tells of no change; an edit and a restart both make the operator read the new field.
    await scene.annotate("web", "example.com/touched=1");
    await scene.operator.restart();
    await scene.kubectl("scale", "demoapp", "rejected", "--replicas=3");
    await scene.until("rejected", ({ status }) => status.phase === "Degraded" && status.replicas === 3);
    for (const [i, name] of names.entries()) {
      const { status } = await scene.app(name);
      expect(status?.stable).toEqual(before[i]?.status?.stable);
      expect(status?.history).toEqual(before[i]?.status?.history);
      expect(uids(await scene.pods(name))).toEqual(expect.arrayContaining([...uids(pods[i] ?? [])]));
    }
  });
});

describe("deletion", () => {
  test("with --cascade=orphan leaves the pods serving, and the app created again adopts them", async () => {
    const pods = uids(await scene.pods("web"));
    const before = await scene.deployment("web");
    await scene.kubectl("delete", "demoapp", "web", "--cascade=orphan");
    await scene.eventually("nobody owns the Deployment", async () =>
      ((await scene.deployment("web")).metadata.ownerReferences ?? []).length === 0 ? true : undefined,
    );
    await scene.apply("web", { image: scene.images.second });
    const { metadata, status } = await scene.healthy("web");
    const after = await scene.deployment("web");
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.ownerReferences).toMatchObject([{ uid: metadata.uid }]);
    expect((await scene.service("web")).metadata.ownerReferences).toMatchObject([{ uid: metadata.uid }]);
    expect(uids(await scene.pods("web"))).toEqual(pods);
    expect(status.rejected).toMatchObject([{ rollout: 3 }]);
  });

  test("takes everything along with the operator down", async () => {
    await scene.operator.scale(0);
    try {
      await scene.kubectl("delete", "demoapp", "web", "--timeout=30s");
      await scene.eventually("nothing of it is left", async () => {
        const kept = await scene.kubectl("get", "deploy,rs,svc,controllerrevisions,pods", "-o", "name");
        return /\/web/.test(kept) ? undefined : true;
      });
      expect(await scene.exists(kinds.Deployment, "rejected")).toBe(true);
    } finally {
      await scene.operator.scale(2);
    }
  });
});
