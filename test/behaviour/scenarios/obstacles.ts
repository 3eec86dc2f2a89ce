import { expect } from "@jest/globals";
import { resources } from "../../../operator/controller/resources.ts";
import { kinds } from "../../../tools/objects.ts";
import { resourceQuotas } from "../../sim/kinds.ts";
import { image } from "../environment.ts";
import type { Scenarios } from "./all.ts";

const autoscaler = (kind: string, apiVersion: string) => ({
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

export const obstacles: Scenarios = {
  "an HPA targets the Deployment: a blocker says so until the HPA targets the DemoApp": async (env) => {
    await env.install();
    await env.create(resources.HorizontalPodAutoscaler, autoscaler("Deployment", "apps/v1"));
    const { status } = await env.blocked("ScalerOnDeployment");
    expect(status.phase).toBe("Healthy");
    expect(status.blockers[0]?.next).toContain("kind DemoApp");
    const { spec } = autoscaler("DemoApp", "demoapp.dev/v1");
    await env.patch(resources.HorizontalPodAutoscaler, { spec });
    await env.until(({ status: { blockers } }) => blockers.length === 0);
  },

  "a quota refuses pods: a blocker says so, and nothing is rejected": async (env) => {
    await env.create(resourceQuotas, quota("2"));
    await env.install();
    await env.apply({ replicas: 3 });
    const { status } = await env.blocked("QuotaExceeded");
    expect(status.blockers[0]?.message).toContain("exceeded quota");
    expect(status.availableReplicas).toBe(2);
    await env.patch(resourceQuotas, quota("9"));
    const healthy = await env.phase("Healthy");
    expect(healthy.status).toMatchObject({ readyReplicas: 3, rejected: [], blockers: [] });
  },

  "the operator lacks a permission: a blocker names it until it is granted": async (env) => {
    const allow = await env.setup.denyAccess(kinds.Deployment, ["patch"]);
    await env.startOperator();
    await env.apply();
    const { status } = await env.blocked("PermissionMissing");
    expect(status).toMatchObject({ phase: "Degraded", blockers: [{ object: "Deployment/web" }] });
    expect(status.blockers[0]?.message).toContain("cannot patch resource 'deployments'");
    await allow();
    await env.phase("Healthy");
  },

  "an admission policy refuses an image: the status says so, the stable version stays": async (env) => {
    await env.setup.denyImages("forbidden");
    await env.install();
    const pods = await env.podUids();
    await env.apply({ image: image("forbidden") });
    const { status } = await env.blocked("AdmissionRefused");
    expect(status.phase).toBe("Degraded");
    expect(status.blockers[0]?.message).toContain("denied request");
    expect(await env.podUids()).toEqual(pods);
    await env.deploy({ image: image("2") });
    expect(await env.podImages()).toEqual([image("2")]);
  },
};
