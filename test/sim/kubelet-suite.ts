import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ApiClient, KubeObject } from "../../operator/runtime/client.ts";
import { until } from "../../tools/cluster/command.ts";
import { fieldsOf, itemsOf } from "./apiserver/json.ts";
import { isReady } from "./controllers/workload.ts";
import { FakeKubelet } from "./kubelet.ts";
import { events, pods, secrets } from "./kinds.ts";

/** An API server with a namespace for the suite. */
interface TestNamespace {
  readonly client: ApiClient;
  readonly namespace: string;
  close(): Promise<void>;
}

const containerOf = (pod: KubeObject) => fieldsOf(itemsOf(fieldsOf(pod["status"])["containerStatuses"])[0]);
const isRunning = (pod: KubeObject): boolean => "running" in fieldsOf(containerOf(pod)["state"]);
const isWaiting =
  (reason: string) =>
  (pod: KubeObject): boolean =>
    fieldsOf(fieldsOf(containerOf(pod)["state"])["waiting"])["reason"] === reason;
const isScheduled = ({ status }: KubeObject): boolean =>
  itemsOf(fieldsOf(status)["conditions"]).some(
    ({ type, status: value }) => type === "PodScheduled" && value === "True",
  );
const isCrashLooping = (pod: KubeObject): boolean =>
  Number(containerOf(pod)["restartCount"]) >= 2 && isWaiting("CrashLoopBackOff")(pod);

const running = (container: object) => ({ phase: "Running", containerStatuses: [container] });
const crashed = (terminated: object) => running({ ready: false, lastState: { terminated } });
const waiting = (reason: string, message: RegExp) => ({
  phase: "Pending",
  containerStatuses: [{ state: { waiting: { reason, message: expect.stringMatching(message) } } }],
});

const [noImage, noConfig] = ["ImagePullBackOff", "CreateContainerConfigError"];
const cases: readonly (readonly [tag: string, isDone: (pod: KubeObject) => boolean, status: object])[] = [
  ["1.0", isReady, running({ ready: true, restartCount: 0, started: true })],
  ["never-ready", isRunning, running({ ready: false, restartCount: 0 })],
  ["crash", isCrashLooping, crashed({ exitCode: 1, message: "Error: cannot open /data/config.json\n" })],
  ["crash-after-ready", isCrashLooping, crashed({ exitCode: 1, reason: "Error" })],
  ["image-missing", isWaiting(noImage), waiting(noImage, /code = NotFound .*: not found$/)],
  ["config-missing", isWaiting(noConfig), waiting(noConfig, /^secret "absent" not found$/)],
];

/** Creates and awaits the pods of a suite, whose namespace exists once its tests run. */
const podsOf = (env: () => TestNamespace) => ({
  createPod: async (name: string, tag: string, container: object = {}): Promise<void> => {
    const { client, namespace } = env();
    const metadata = { name, namespace };
    const spec = { containers: [{ name: "app", image: `registry.local/app:${tag}`, ...container }] };
    await client.create(pods, { apiVersion: "v1", kind: "Pod", metadata, spec });
  },
  podWhen: (name: string, matches: (pod: KubeObject) => boolean): Promise<KubeObject> =>
    until(`pod ${name}`, 20_000, async () => {
      const { client, namespace } = env();
      const pod = await client.get(pods, { name, namespace });
      return matches(pod) ? pod : undefined;
    }),
});

/** Tests the fake kubelet on an API server. */
export function kubeletSuite(server: string, open: () => Promise<TestNamespace>): void {
  describe(`the fake kubelet on ${server}`, () => {
    let env: TestNamespace;
    let kubelet: FakeKubelet;

    beforeAll(async () => {
      env = await open();
      kubelet = new FakeKubelet({ ...env, nodeName: `fake-${process.pid}` });
      await kubelet.start();
    });
    afterAll(async () => {
      await kubelet.stop();
      await env.close();
    });

    const { createPod, podWhen } = podsOf(() => env);

    test.each(cases)(
      "a pod's image is named %s: its status is that of a real node",
      async (tag, isDone, status) => {
        await createPod(`pod-${tag}`, tag);
        expect((await podWhen(`pod-${tag}`, isDone))["status"]).toMatchObject(status);
      },
    );

    test("a readiness probe fails: the kubelet writes a Warning event", async () => {
      await createPod("warned", "never-ready");
      const fieldSelector = "involvedObject.name=warned,reason=Unhealthy";
      const warning = await until("the event", 20_000, async () => {
        const { items } = await env.client.list(events, { namespace: env.namespace, fieldSelector });
        return items[0];
      });
      expect(warning["message"]).toBe("Readiness probe failed: HTTP probe failed with statuscode: 503");
    });

    test("a Secret is missing: the container waits until the Secret is created", async () => {
      const valueFrom = { secretKeyRef: { name: "late", key: "token" } };
      await createPod("late", "1.0", { env: [{ name: "TOKEN", valueFrom }] });
      const pod = await podWhen("late", isWaiting("CreateContainerConfigError"));
      expect(containerOf(pod)).toMatchObject({ state: { waiting: { message: 'secret "late" not found' } } });
      const metadata = { name: "late", namespace: env.namespace };
      const secret = { apiVersion: "v1", kind: "Secret", metadata, stringData: { token: "x" } };
      await env.client.create(secrets, secret);
      await podWhen("late", isReady);
    });

    test("the scheduler marks a bound pod as unschedulable: the kubelet restores the status", async () => {
      await createPod("marked", "never-ready");
      const { metadata } = await podWhen("marked", isRunning);
      const body = { status: { conditions: [{ type: "PodScheduled", status: "False" }] } };
      await env.client.patch(pods, metadata, { type: "merge", body, subresource: "status" });
      const { status } = await podWhen("marked", isScheduled);
      expect(status).toMatchObject({ phase: "Running" });
    });

    test("a pod is deleted: the pod disappears", async () => {
      await createPod("gone", "1.0");
      await podWhen("gone", isReady);
      const ref = { name: "gone", namespace: env.namespace };
      await env.client.delete(pods, ref);
      const error = await until("the pod is gone", 20_000, () =>
        env.client.get(pods, ref).then(
          () => undefined,
          (reason: unknown) => reason,
        ),
      );
      expect(error).toMatchObject({ isNotFound: true });
    });
  });
}
