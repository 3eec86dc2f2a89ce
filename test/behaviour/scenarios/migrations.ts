import { expect } from "@jest/globals";
import { adoptBy, labels, managedBy } from "../../../operator/api/names.ts";
import type { ObjectInput, ResourceType } from "../../../operator/runtime/client.ts";
import { kinds } from "../../../tools/objects.ts";
import { isReady } from "../../sim/controllers/workload.ts";
import { type TestEnvironment, image } from "../environment.ts";
import { recordPods } from "../podrecord.ts";
import type { Scenarios } from "./all.ts";

const replicas = 2;
type Labels = Readonly<Record<string, string>>;

/** A Deployment or a ReplicaSet that no operator made. */
function workloadOf(kind: "Deployment" | "ReplicaSet", name: string, matchLabels: Labels) {
  const containers = [{ name: "web", image: image("old"), ports: [{ containerPort: 8080 }] }];
  const template = { metadata: { labels: matchLabels }, spec: { containers } };
  const metadata = { name, labels: matchLabels };
  const spec = { replicas, selector: { matchLabels }, template };
  return { apiVersion: "apps/v1", kind, metadata, spec };
}

const service = (name: string, selector: Labels) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector, ports: [{ port: 80, targetPort: 8080 }] },
});

interface Migration {
  /** The objects of the app, when only its Deployment, ReplicaSet and Services are left. */
  readonly before: readonly ObjectInput[];
  /** Frees the name of the Deployment. */
  readonly free: (env: TestEnvironment) => Promise<void>;
  /** Deletes the old pods. */
  readonly clean: (env: TestEnvironment) => Promise<void>;
}

const remove = (env: TestEnvironment, resource: ResourceType, name: string): Promise<void> =>
  env.client.delete(resource, { ...env.ref, name });

/** Deletes the ReplicaSet that the operator's Deployment does not own. */
async function removeReplicaSet(env: TestEnvironment): Promise<void> {
  const { items } = await env.client.list(kinds.ReplicaSet, { namespace: env.namespace });
  const old = items.filter(({ metadata }) => metadata.labels?.[labels.managedBy] !== managedBy);
  expect(old.map(({ metadata }) => metadata.labels?.["app"])).toEqual(["web"]);
  for (const { metadata } of old) await remove(env, kinds.ReplicaSet, metadata.name);
}

/** A workload without pods. */
const idle = ({ spec, ...workload }: ReturnType<typeof workloadOf>) => ({
  ...workload,
  spec: { ...spec, replicas: 0 },
});

const ofApp = { app: "web" };
const ofPrimary = { app: "web-primary" };

/** What to move from, as in docs/migration.md. */
const sources: Readonly<Record<string, Migration>> = {
  "a Deployment and a Service": {
    before: [workloadOf("Deployment", "web", ofApp), service("web", ofApp)],
    free: (env) => env.delete(kinds.Deployment, { propagationPolicy: "Orphan" }),
    clean: removeReplicaSet,
  },
  "Argo Rollouts": {
    before: [
      workloadOf("ReplicaSet", "web-5d7c", { ...ofApp, "rollouts-pod-template-hash": "5d7c" }),
      service("web", ofApp),
    ],
    free: () => Promise.resolve(),
    clean: removeReplicaSet,
  },
  Flagger: {
    before: [
      idle(workloadOf("Deployment", "web", ofApp)),
      workloadOf("Deployment", "web-primary", ofPrimary),
      service("web", ofPrimary),
      service("web-primary", ofPrimary),
      service("web-canary", ofApp),
    ],
    free: (env) => env.delete(kinds.Deployment),
    clean: async (env) => {
      await remove(env, kinds.Deployment, "web-primary");
      await remove(env, kinds.Service, "web-primary");
      await remove(env, kinds.Service, "web-canary");
    },
  },
};

async function readyPods({ client, namespace }: TestEnvironment): Promise<readonly string[]> {
  const { items } = await client.list(kinds.Pod, { namespace });
  return items.filter((pod) => isReady(pod)).map(({ metadata }) => metadata.name);
}

/** Follows the steps of docs/migration.md. */
async function migrate(env: TestEnvironment, { before, free, clean }: Migration): Promise<void> {
  for (const object of before) await env.create(kinds[object.kind as keyof typeof kinds], object);
  await env.eventually("the old pods are ready", async () => (await readyPods(env)).length === replicas);
  await env.startOperator();
  const moments = await recordPods(env, async () => {
    await env.apply({ replicas, pod: { labels: ofApp } });
    await env.blocked("NameTaken");
    await env.patch(kinds.Service, { metadata: { annotations: { [adoptBy]: "web" } } });
    await free(env);
    await env.eventually("the Service selects the new pods", async () => {
      const { spec } = await env.service();
      return spec.selector[labels.track] === "stable";
    });
    await clean(env);
    await env.eventually("only the new pods are left", async () => {
      const names = (await env.pods()).map(({ metadata }) => metadata.name);
      return (
        names.length === replicas && names.toSorted().join() === (await readyPods(env)).toSorted().join()
      );
    });
  });
  expect(moments.filter(({ serving }) => serving < replicas)).toEqual([]);
  expect((await env.phase("Healthy")).status.stable).toMatchObject({ rollout: 1 });
}

export const migrations: Scenarios = Object.fromEntries(
  Object.entries(sources).map(([from, migration]) => [
    `an app moves from ${from} by the steps of the page: as many pods serve at every moment`,
    (env: TestEnvironment) => migrate(env, migration),
  ]),
);
