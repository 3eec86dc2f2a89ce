import { expect } from "@jest/globals";
import { labels, managedBy } from "../../../operator/api/names.ts";
import { type Deployment, kinds } from "../../e2e/kinds.ts";
import type { World } from "../world.ts";
import type { Story } from "./story.ts";

const injected = { "sidecar.example.com/injected": "yes" };

/** What somebody sets by hand, everywhere that a Deployment allows it. */
const meddling = {
  spec: {
    template: {
      metadata: { annotations: injected },
      spec: {
        hostNetwork: true,
        nodeSelector: { disk: "ssd" },
        containers: [{ name: "stranger", image: "registry.local/miner:1" }],
      },
    },
  },
};

const containerNames = ({ spec }: Deployment): readonly string[] =>
  spec.template.spec.containers.map(({ name }) => name);

async function installed(world: World): Promise<void> {
  await world.startOperator();
  await world.apply();
  await world.phase("Healthy");
}

/** Adds to the Deployment as kubectl would; a merge patch replaces lists, so the container is added by itself. */
async function meddle(world: World): Promise<void> {
  const { template } = meddling.spec;
  const { containers, ...rest } = template.spec;
  await world.patch(kinds.Deployment, { spec: { template: { ...template, spec: rest } } });
  const add = (path: string, value: unknown) => ({
    op: "add",
    path: `/spec/template/spec/containers/${path}`,
    value,
  });
  const body = [...containers.map((one) => add("-", one)), add("0/env", [{ name: "DEBUG", value: "1" }])];
  const ref = { namespace: world.namespace, name: "web" };
  await world.client.patch(kinds.Deployment, ref, { type: "json", body, fieldManager: "kubectl-edit" });
}

const foreign = (kind: "Service" | "Deployment", spec: object) => ({
  apiVersion: kind === "Service" ? "v1" : "apps/v1",
  kind,
  metadata: { name: "web", labels: { app: "legacy" } },
  spec,
});
const legacyService = foreign("Service", {
  selector: { app: "legacy" },
  ports: [{ port: 80, targetPort: 9000 }],
});
const legacyDeployment = foreign("Deployment", {
  replicas: 1,
  selector: { matchLabels: { app: "legacy" } },
  template: {
    metadata: { labels: { app: "legacy" } },
    spec: { containers: [{ name: "old", image: "registry.local/old:1" }] },
  },
});

export const ownership: readonly Story[] = [
  {
    name: "what somebody adds to the Deployment's spec goes, and an injected template annotation stays",
    run: async (world) => {
      await installed(world);
      await meddle(world);
      const { spec } = await world.eventually("the additions are gone", async () => {
        const live = await world.deployment();
        return containerNames(live).join() === "app" ? live : undefined;
      });
      expect(spec.template.spec).not.toHaveProperty("hostNetwork");
      expect(spec.template.spec).not.toHaveProperty("nodeSelector");
      expect(spec.template.spec.containers[0]).not.toHaveProperty("env");
      expect(spec.template.metadata.annotations).toMatchObject(injected);
      await world.phase("Healthy");
    },
  },
  {
    name: "a Service that somebody changes is set back",
    run: async (world) => {
      await installed(world);
      await world.patch(kinds.Service, {
        spec: { sessionAffinity: "ClientIP", selector: { [labels.track]: "candidate", extra: "yes" } },
      });
      await world.eventually("the Service is as it was", async () => {
        const { spec } = await world.get<{ spec: { sessionAffinity: string; selector: object } }>(
          kinds.Service,
        );
        return spec.sessionAffinity === "None" && !("extra" in spec.selector) ? spec : undefined;
      });
    },
  },
  {
    name: "a Service of that name is not touched, until the annotation says to adopt it",
    run: async (world) => {
      const before = await world.create(kinds.Service, legacyService);
      await world.startOperator();
      await world.apply();
      const { status } = await world.blocked("NameTaken");
      expect(status).toMatchObject({ phase: "Degraded", blockers: [{ object: "Service/web" }] });
      expect(status.blockers[0]?.next).toContain("demoapp.dev/adopt=service");
      expect(await world.names(kinds.Deployment)).toEqual([]);
      await world.annotate({ adopt: "service" });
      await world.phase("Healthy");
      const { metadata, spec } = await world.service();
      expect(metadata.uid).toBe(before.metadata.uid);
      expect(metadata.labels[labels.managedBy]).toBe(managedBy);
      expect(spec).toMatchObject({ clusterIP: (before["spec"] as { clusterIP: string }).clusterIP });
    },
  },
  {
    name: "a Deployment of that name is not touched, and the app is installed once it is gone",
    run: async (world) => {
      const before = await world.create(kinds.Deployment, legacyDeployment);
      await world.startOperator();
      await world.apply();
      await world.blocked("NameTaken");
      expect((await world.deployment()).metadata.generation).toBe(before.metadata.generation);
      expect(await world.names(kinds.Service)).not.toContain("web");
      await world.client.delete(kinds.Deployment, { namespace: world.namespace, name: "web" });
      await world.phase("Healthy");
    },
  },
  {
    name: "an app that is made again adopts what was orphaned, and no pod restarts",
    run: async (world) => {
      await installed(world);
      const { metadata } = await world.deployment();
      const pods = await world.podUids();
      const ref = { namespace: world.namespace, name: "web" };
      await world.client.delete(kinds.DemoApp, ref, { propagationPolicy: "Orphan" });
      await world.eventually("the DemoApp is gone, and owns nothing", async () => {
        const owners = (await world.deployment()).metadata.ownerReferences ?? [];
        return owners.length === 0 && (await world.names(kinds.DemoApp)).length === 0 ? true : undefined;
      });
      const { metadata: app } = await world.apply();
      const { status } = await world.phase("Healthy");
      const after = await world.deployment();
      expect(after.metadata.uid).toBe(metadata.uid);
      expect(after.metadata.ownerReferences).toMatchObject([{ uid: app.uid }]);
      expect(await world.podUids()).toEqual(pods);
      expect(status.history).toMatchObject([{ rollout: 1, outcome: "Accepted" }]);
    },
  },
  {
    name: "a DemoApp that is deleted takes everything along, with no operator there",
    run: async (world) => {
      const operator = await world.startOperator();
      await world.apply();
      await world.phase("Healthy");
      await operator.stop();
      await world.client.delete(kinds.DemoApp, { namespace: world.namespace, name: "web" });
      const { DemoApp, Deployment, Service, ControllerRevision, Pod } = kinds;
      for (const kind of [DemoApp, Deployment, Service, ControllerRevision, Pod])
        await world.eventually(`no ${kind.kind} is left`, async () =>
          (await world.names(kind)).length === 0 ? true : undefined,
        );
    },
  },
];
