import { expect } from "@jest/globals";
import { adoptBy, formerAdopt, labels, managedBy } from "../../../operator/api/names.ts";
import { kinds } from "../../../tools/objects.ts";
import type { Deployment } from "../../e2e/objects.ts";
import type { TestEnvironment } from "../environment.ts";
import type { Scenarios } from "./all.ts";

const injected = { "sidecar.example.com/injected": "yes" };

/** Changes every part of the Deployment's pod template by hand. */
async function editByHand(env: TestEnvironment): Promise<void> {
  const spec = { hostNetwork: true, nodeSelector: { disk: "ssd" } };
  await env.patch(kinds.Deployment, { spec: { template: { metadata: { annotations: injected }, spec } } });
  // A JSON patch, because a merge patch would replace the lists.
  const add = (path: string, value: unknown) => ({
    op: "add",
    path: `/spec/template/spec/containers/${path}`,
    value,
  });
  const stranger = { name: "stranger", image: "registry.local/miner:1" };
  const body = [add("-", stranger), add("0/env", [{ name: "DEBUG", value: "1" }])];
  await env.client.patch(kinds.Deployment, env.ref, { type: "json", body, fieldManager: "kubectl-edit" });
}

const containerNames = ({ spec }: Deployment): readonly string[] =>
  spec.template.spec.containers.map(({ name }) => name);

const foreign = { metadata: { name: "web", labels: { app: "legacy" } } };
const legacyService = {
  apiVersion: "v1",
  kind: "Service",
  ...foreign,
  spec: { selector: { app: "legacy" }, ports: [{ port: 80, targetPort: 9000 }] },
};
const legacyDeployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  ...foreign,
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "legacy" } },
    template: {
      metadata: { labels: { app: "legacy" } },
      spec: { containers: [{ name: "old", image: "registry.local/old:1" }] },
    },
  },
};

export const ownership: Scenarios = {
  "a user edits the Deployment: its spec is restored, an annotation stays": async (env) => {
    await env.install();
    await editByHand(env);
    const { spec } = await env.eventually("the additions are gone", async () => {
      const live = await env.deployment();
      return containerNames(live).join() === "app" && live;
    });
    expect(spec.template.spec).not.toHaveProperty("hostNetwork");
    expect(spec.template.spec).not.toHaveProperty("nodeSelector");
    expect(spec.template.spec.containers[0]).not.toHaveProperty("env");
    expect(spec.template.metadata.annotations).toMatchObject(injected);
    await env.phase("Healthy");
  },

  "a user edits the Service: its spec is restored": async (env) => {
    await env.install();
    const selector = { [labels.track]: "candidate", extra: "yes" };
    await env.patch(kinds.Service, { spec: { sessionAffinity: "ClientIP", selector } });
    await env.eventually("the Service is restored", async () => {
      const { spec } = await env.get<{ spec: { sessionAffinity: string; selector: object } }>(kinds.Service);
      return spec.sessionAffinity === "None" && !("extra" in spec.selector);
    });
  },

  "another writer changes the Service after each repair: the status names the writer, and repairs become rare":
    async (env) => {
      const operator = await env.install();
      const affinity = async (): Promise<string> =>
        (await env.get<{ spec: { sessionAffinity: string } }>(kinds.Service)).spec.sessionAffinity;
      const isContested = async (): Promise<boolean> =>
        (await env.app()).status.blockers.some(({ reason }) => reason === "Contested");
      const contest = (): Promise<void> =>
        env.patch(kinds.Service, { spec: { sessionAffinity: "ClientIP" } });
      await env.eventually("the repairs are contested", async () => {
        if ((await affinity()) === "None") await contest();
        return isContested();
      });
      const { status } = await env.blocked("Contested");
      expect(status.blockers[0]?.message).toContain("somebody");
      const repairs = (): number => operator.writes.filter((write) => /services/i.test(write)).length;
      const [before, startMs] = [repairs(), env.setup.clock.now()];
      for (let i = 0; i < 10; i += 1) await contest();
      await env.quiet(operator);
      const minutes = (env.setup.clock.now() - startMs) / 60_000;
      expect(repairs() - before).toBeLessThanOrEqual(1 + Math.ceil(minutes));
    },

  "the Service's name is taken: that Service stays until its owner hands it over, and then belongs to the app":
    async (env) => {
      const before = await env.create(kinds.Service, legacyService);
      await env.startOperator();
      await env.apply();
      const { status } = await env.blocked("NameTaken");
      expect(status).toMatchObject({ phase: "Degraded", blockers: [{ object: "Service/web" }] });
      expect(status.blockers[0]?.next).toContain("annotate service web demoapp.dev/adopt-by=web");
      expect(await env.names(kinds.Deployment)).toEqual([]);
      await env.patch(kinds.DemoApp, { metadata: { annotations: { [formerAdopt]: "service" } } });
      await env.until(({ status: { blockers } }) =>
        blockers.some(({ next }) => next.includes("no longer read")),
      );
      expect((await env.service()).metadata.uid).toBe(before.metadata.uid);
      await env.patch(kinds.Service, { metadata: { annotations: { [adoptBy]: "web" } } });
      const app = await env.phase("Healthy");
      const { metadata, spec } = await env.service();
      expect(metadata.uid).toBe(before.metadata.uid);
      expect(metadata.labels[labels.managedBy]).toBe(managedBy);
      expect(metadata.ownerReferences).toMatchObject([{ uid: app.metadata.uid, controller: true }]);
      expect(spec).toMatchObject({ clusterIP: (before["spec"] as { clusterIP: string }).clusterIP });
      await env.delete(kinds.DemoApp);
      await env.eventually(
        "the adopted Service is deleted too",
        async () => !(await env.names(kinds.Service)).includes("web"),
      );
    },

  "the Deployment's name is taken: the app is installed once that Deployment is deleted": async (env) => {
    const before = await env.create(kinds.Deployment, legacyDeployment);
    await env.startOperator();
    await env.apply();
    await env.blocked("NameTaken");
    expect((await env.deployment()).metadata.generation).toBe(before.metadata.generation);
    expect(await env.names(kinds.Service)).not.toContain("web");
    await env.delete(kinds.Deployment);
    await env.phase("Healthy");
  },

  "the ControllerRevision of the serving version is deleted: it is restored, no pod restarts": async (
    env,
  ) => {
    await env.install();
    const pods = await env.podUids();
    const [name = ""] = await env.names(kinds.ControllerRevision);
    await env.client.delete(kinds.ControllerRevision, { ...env.ref, name });
    await env.eventually("the ControllerRevision exists", async () =>
      (await env.names(kinds.ControllerRevision)).includes(name),
    );
    await env.phase("Healthy");
    expect(await env.outcomes()).toEqual(["1 Accepted"]);
    expect(await env.podUids()).toEqual(pods);
  },

  "a DemoApp orphans its objects: its successor adopts them, no pod restarts": async (env) => {
    await env.install();
    const { metadata } = await env.deployment();
    const pods = await env.podUids();
    await env.delete(kinds.DemoApp, { propagationPolicy: "Orphan" });
    await env.eventually("the DemoApp is gone and owns nothing", async () => {
      const owners = (await env.deployment()).metadata.ownerReferences ?? [];
      return owners.length === 0 && (await env.names(kinds.DemoApp)).length === 0;
    });
    const { metadata: app, status } = await env.deploy();
    const after = await env.deployment();
    expect(after.metadata.uid).toBe(metadata.uid);
    expect(after.metadata.ownerReferences).toMatchObject([{ uid: app.uid }]);
    expect(await env.podUids()).toEqual(pods);
    expect(status.history).toMatchObject([{ rollout: 1, outcome: "Accepted" }]);
  },

  "a DemoApp is deleted while no operator runs: all its objects are deleted": async (env) => {
    const operator = await env.install();
    await operator.stop();
    await env.delete(kinds.DemoApp);
    const { DemoApp, Deployment, Service, ControllerRevision, Pod } = kinds;
    for (const kind of [DemoApp, Deployment, Service, ControllerRevision, Pod])
      await env.eventually(`no ${kind.kind} is left`, async () => (await env.names(kind)).length === 0);
  },
};
