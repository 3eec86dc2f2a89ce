import { expect } from "@jest/globals";
import { kinds } from "../../../tools/objects.ts";
import type { Reported } from "../../e2e/objects.ts";
import { type TestEnvironment, image } from "../environment.ts";
import type { RunningOperator } from "../operator.ts";
import type { Scenarios } from "./all.ts";

const strategy = {
  type: "Canary",
  canary: { maxSurge: 1, steps: [{ setWeight: 30 }, { pause: {} }, { setWeight: 60 }] },
};

/** Installs version 1 with the strategy Canary, and waits until a canary of version 2 waits for a person. */
async function waiting(env: TestEnvironment): Promise<RunningOperator> {
  const operator = await env.install({ strategy });
  await env.deploy({ strategy, image: image("2") }, "Paused");
  return operator;
}

/** Waits until the app is at rest on an image: no candidate Deployment, and a Service that selects the stable track. */
async function atRest(env: TestEnvironment, on: string): Promise<Reported> {
  await env.eventually("only one Deployment is left", async () => {
    const names = await env.names(kinds.Deployment);
    return names.join() === "web" && (await env.podImages()).join() === on;
  });
  expect((await env.service()).spec.selector).toMatchObject({ "demoapp.dev/track": "stable" });
  return env.app();
}

export const canaries: Scenarios = {
  "a good canary: it waits for its promotion, and the stable Deployment runs it in the end": async (env) => {
    await waiting(env);
    const { status } = await env.app();
    expect(status).toMatchObject({ step: { index: 2, total: 3, name: "pause" }, weight: { actual: 33 } });
    expect(status.blockers[0]?.next).toContain("demoapp.dev/promote=2/2");
    expect((await env.service()).spec.selector).not.toHaveProperty("demoapp.dev/track");
    await env.annotate({ promote: "2/2" });
    await env.phase("Healthy");
    await atRest(env, image("2"));
    expect(await env.outcomes()).toEqual(["2 Accepted", "1 Accepted"]);
  },

  "a canary that crashes: it is rejected, and its Deployment is deleted": async (env) => {
    await env.install({ strategy });
    await env.deploy({ strategy, image: image("2-crash") }, "Degraded");
    const { status } = await atRest(env, image("1"));
    expect(status.rejected).toMatchObject([{ rollout: 2, reason: "CrashLoop" }]);
  },

  "the operator is killed while a canary waits: its successor writes nothing, and promotes it": async (
    env,
  ) => {
    const operator = await waiting(env);
    const next = await env.replaceIdleOperator(operator);
    expect(next.writes).toEqual([]);
    await env.annotate({ promote: "2/all" });
    await env.phase("Healthy");
    await atRest(env, image("2"));
  },

  "the status is wiped while a canary waits: it is rebuilt, and the step stays": async (env) => {
    await waiting(env);
    const { step } = (await env.app()).status;
    await env.wipeStatus();
    const { status } = await env.phase("Paused");
    expect(status.step).toEqual(step);
  },

  "a canary is aborted: the stable version serves alone": async (env) => {
    await waiting(env);
    await env.annotate({ abort: "2" });
    await env.phase("Degraded");
    const { status } = await atRest(env, image("1"));
    expect(status.rejected).toMatchObject([{ rollout: 2, reason: "Aborted" }]);
  },

  "the DemoApp is deleted in the middle of a canary: both Deployments go": async (env) => {
    await waiting(env);
    await env.delete(kinds.DemoApp);
    await env.eventually(
      "no Deployment is left",
      async () => (await env.names(kinds.Deployment)).length === 0,
    );
  },

  "a Deployment of somebody else has the candidate's name: it stays, and blocks only canaries": async (
    env,
  ) => {
    const labels = { app: "other" };
    const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: image("9") }] } };
    const spec = { replicas: 0, selector: { matchLabels: labels }, template };
    const metadata = { name: "web-candidate" };
    await env.create(kinds.Deployment, { apiVersion: "apps/v1", kind: "Deployment", metadata, spec });
    await env.install({ strategy });
    await env.deploy({ strategy, image: image("1"), replicas: 3, service: { port: 81 } });
    await env.apply({ strategy, image: image("2") });
    await env.until(({ status }) => status.blockers.length > 0 && status.candidate !== undefined);
    expect((await env.deployment("web-candidate")).metadata).not.toHaveProperty("ownerReferences");
    await env.deploy({ image: image("2") });
    expect(await env.outcomes()).toEqual(["2 Accepted", "1 Accepted"]);
  },
};
