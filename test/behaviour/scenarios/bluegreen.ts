import { expect } from "@jest/globals";
import { kinds } from "../../../tools/objects.ts";
import { type TestEnvironment, image } from "../environment.ts";
import type { RunningOperator } from "../operator.ts";
import { recordPods } from "../podrecord.ts";
import type { Scenarios } from "./all.ts";

const replicas = 2;
const strategyOf = (fields: object) => ({ type: "BlueGreen", blueGreen: fields });
const manual = strategyOf({ autoPromote: false, holdSeconds: 600 });

/** Installs version 1, and waits until version 2 has the traffic and its hold began. */
async function held(env: TestEnvironment): Promise<RunningOperator> {
  const operator = await env.install({ replicas, strategy: manual });
  await env.deploy({ replicas, strategy: manual, image: image("2") }, "Paused");
  await env.annotate({ promote: "2/2" });
  await env.until(({ status }) => status.phase === "Paused" && status.step?.index === 5);
  expect((await env.service()).spec.selector).toMatchObject({ "demoapp.dev/track": "candidate" });
  return operator;
}

/** Waits until only the objects of an app at rest are left, and checks the images of the pods. */
async function atRest(env: TestEnvironment, on: string): Promise<void> {
  await env.eventually("one Deployment and one Service are left", async () => {
    const names = [...(await env.names(kinds.Deployment)), ...(await env.names(kinds.Service))];
    return names.join() === "web,web" && (await env.podImages()).join() === on;
  });
  expect((await env.service()).spec.selector).toMatchObject({ "demoapp.dev/track": "stable" });
}

export const blueGreens: Scenarios = {
  "a good blue-green rollout: it is previewed, switched and accepted, and as many pods serve at every moment":
    async (env) => {
      const strategy = strategyOf({ holdSeconds: 1 });
      await env.install({ replicas, strategy });
      const moments = await recordPods(env, async () => {
        await env.apply({ replicas, strategy, image: image("2") });
        await env.until(({ status }) => status.phase === "Healthy" && status.stable?.image === image("2"));
        await atRest(env, image("2"));
      });
      expect(moments.filter(({ serving, pods }) => serving < replicas || pods > 2 * replicas)).toEqual([]);
    },

  "a preview waits for a person: its Service selects the candidate, and the app's Service the stable version":
    async (env) => {
      await env.install({ replicas, strategy: manual });
      await env.deploy({ replicas, strategy: manual, image: image("2") }, "Paused");
      expect((await env.service()).spec.selector).toMatchObject({ "demoapp.dev/track": "stable" });
      expect((await env.service("web-preview")).spec.selector).toMatchObject({
        "demoapp.dev/track": "candidate",
      });
    },

  "a blue-green rollout is aborted in its hold: the stable pods, which were kept, have the traffic again":
    async (env) => {
      await held(env);
      const uids = (await env.pods()).map(({ metadata }) => metadata.uid);
      await env.annotate({ abort: "2" });
      await env.phase("Degraded");
      await atRest(env, image("1"));
      expect(uids).toEqual(expect.arrayContaining([...(await env.podUids())]));
    },

  "the operator is killed in the hold: its successor writes nothing, and ends the rollout when promoted":
    async (env) => {
      const operator = await held(env);
      const next = await env.replaceIdleOperator(operator);
      expect(next.writes).toEqual([]);
      await env.annotate({ promote: "2/all" });
      await env.phase("Healthy");
      await atRest(env, image("2"));
    },

  "a Service of somebody else has the preview's name: it stays, and the rollout waits for no one but says so":
    async (env) => {
      const spec = { selector: { app: "other" }, ports: [{ port: 80 }] };
      await env.create(kinds.Service, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "web-preview" },
        spec,
      });
      await env.install({ replicas, strategy: manual });
      await env.apply({ replicas, strategy: manual, image: image("2") });
      const { status } = await env.blocked("NameTaken");
      expect(status.blockers[0]).toMatchObject({ object: "Service/web-preview" });
      expect((await env.service("web-preview")).metadata).not.toHaveProperty("ownerReferences");
    },
};
