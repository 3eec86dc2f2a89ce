import { expect } from "@jest/globals";
import { resources } from "../../../operator/controller/resources.ts";
import { kinds } from "../../e2e/kinds.ts";
import { resourceQuotas } from "../../sim/kinds.ts";
import { type World, image } from "../world.ts";
import { running } from "./rollouts.ts";
import type { Story } from "./story.ts";

async function installed(world: World): Promise<void> {
  await world.startOperator();
  await world.apply();
  await world.phase("Healthy");
}

const hpa = (kind: string, apiVersion: string) => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "web" },
  spec: {
    scaleTargetRef: { apiVersion, kind, name: "web" },
    minReplicas: 2,
    maxReplicas: 3,
    metrics: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
      },
    ],
  },
});

const quota = (pods: string) => ({
  apiVersion: "v1",
  kind: "ResourceQuota",
  metadata: { name: "web" },
  spec: { hard: { pods } },
});

export const obstacles: readonly Story[] = [
  {
    name: "an HPA on the Deployment is a blocker, until it points at the DemoApp",
    run: async (world) => {
      await installed(world);
      await world.create(resources.HorizontalPodAutoscaler, hpa("Deployment", "apps/v1"));
      const { status } = await world.blocked("ScalerOnDeployment");
      expect(status.phase).toBe("Healthy");
      expect(status.blockers[0]?.next).toContain("kind DemoApp");
      await world.patch(resources.HorizontalPodAutoscaler, {
        spec: hpa("DemoApp", "demoapp.dev/v1").spec,
      });
      await world.until(({ status: { blockers } }) => blockers.length === 0);
    },
  },
  {
    name: "a quota that refuses pods is a blocker, and rejects nothing",
    run: async (world) => {
      await world.create(resourceQuotas, quota("2"));
      await installed(world);
      await world.apply({ replicas: 3 });
      const { status } = await world.blocked("QuotaExceeded");
      expect(status.blockers[0]?.message).toContain("exceeded quota");
      expect(status.availableReplicas).toBe(2);
      await world.patch(resourceQuotas, quota("9"));
      const healthy = await world.phase("Healthy");
      expect(healthy.status).toMatchObject({ readyReplicas: 3, rejected: [], blockers: [] });
    },
  },
  {
    name: "an operator that lacks a permission says which, and goes on when it has it",
    run: async (world) => {
      const allow = await world.ground.forbid(kinds.Deployment, ["patch"]);
      await world.startOperator();
      await world.apply();
      const { status } = await world.blocked("PermissionMissing");
      expect(status).toMatchObject({ phase: "Degraded", blockers: [{ object: "Deployment/web" }] });
      expect(status.message).toContain('cannot patch resource "deployments"');
      await allow();
      await world.phase("Healthy");
    },
  },
  {
    name: "what an admission policy refuses is told in its words, and what serves stays",
    run: async (world) => {
      await world.ground.refuseImages("forbidden");
      await installed(world);
      const pods = await world.podUids();
      await world.apply({ image: image("forbidden") });
      const { status } = await world.blocked("AdmissionRefused");
      expect(status.phase).toBe("Degraded");
      expect(status.message).toContain("denied request");
      expect(await world.podUids()).toEqual(pods);
      await world.apply({ image: image("2") });
      await world.phase("Healthy");
      expect(await running(world)).toEqual([image("2")]);
    },
  },
];
