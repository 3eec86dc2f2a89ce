import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ApiClient, ApiError, type KubeObject } from "../../operator/runtime/client.ts";
import { fieldsOf, itemsOf } from "./apiserver/json.ts";
import { conditionOf } from "./controllers/workload.ts";
import { PuppetKubelet } from "./kubelet.ts";
import { events, pods, secrets } from "./kinds.ts";

/** An API server with a namespace for the suite. */
export interface Place {
  readonly client: ApiClient;
  readonly namespace: string;
  close(): Promise<void>;
}

const containerOf = (live: KubeObject) => fieldsOf(itemsOf(fieldsOf(live["status"])["containerStatuses"])[0]);
const isReady = (live: KubeObject): boolean => conditionOf(live, "Ready")?.["status"] === "True";
const isRunning = (live: KubeObject): boolean => "running" in fieldsOf(containerOf(live)["state"]);
const waitsFor =
  (reason: string) =>
  (live: KubeObject): boolean =>
    fieldsOf(fieldsOf(containerOf(live)["state"])["waiting"])["reason"] === reason;
const crashesOften = (live: KubeObject): boolean =>
  Number(containerOf(live)["restartCount"]) >= 2 && waitsFor("CrashLoopBackOff")(live);
const isUnschedulable = (live: KubeObject): boolean =>
  conditionOf(live, "PodScheduled")?.["reason"] === "Unschedulable";

const crashed = (terminated: object) => ({
  phase: "Running",
  containerStatuses: [{ ready: false, lastState: { terminated } }],
});
const held = (reason: string, message: RegExp) => ({
  phase: "Pending",
  containerStatuses: [{ state: { waiting: { reason, message: expect.stringMatching(message) } } }],
});

const outcomes: readonly (readonly [image: string, is: (live: KubeObject) => boolean, status: object])[] = [
  [
    "1.0",
    isReady,
    { phase: "Running", containerStatuses: [{ ready: true, restartCount: 0, started: true }] },
  ],
  ["never-ready", isRunning, { phase: "Running", containerStatuses: [{ ready: false, restartCount: 0 }] }],
  ["crash", crashesOften, crashed({ exitCode: 1, message: "Error: cannot open /data/config.json\n" })],
  ["crash-after-ready", crashesOften, crashed({ exitCode: 1, reason: "Error" })],
  ["oom", crashesOften, crashed({ exitCode: 137, reason: "OOMKilled" })],
  ["image-missing", waitsFor("ImagePullBackOff"), held("ImagePullBackOff", /code = NotFound .*: not found$/)],
  ["registry-down", waitsFor("ImagePullBackOff"), held("ImagePullBackOff", /connection refused$/)],
  [
    "runs-as-root",
    waitsFor("CreateContainerConfigError"),
    held("CreateContainerConfigError", /^container has runAsNonRoot and image will run as root/),
  ],
  ["unschedulable", isUnschedulable, { phase: "Pending" }],
];

/** A suite's pods, on whichever API server. */
class Pods {
  readonly place: Place;

  constructor(place: Place) {
    this.place = place;
  }

  async create(name: string, tag: string, container: object = {}): Promise<void> {
    const metadata = { name, namespace: this.place.namespace };
    const spec = { containers: [{ name: "app", image: `registry.local/app:${tag}`, ...container }] };
    await this.place.client.create(pods, { apiVersion: "v1", kind: "Pod", metadata, spec });
  }

  async when(name: string, is: (live: KubeObject) => boolean): Promise<KubeObject> {
    const deadline = performance.now() + 20_000;
    for (;;) {
      const live = await this.place.client.get(pods, { name, namespace: this.place.namespace });
      if (is(live)) return live;
      if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(live["status"])}`);
      await pause(20);
    }
  }

  /** The first warning about a pod. */
  async warning(name: string): Promise<unknown> {
    const selection = {
      namespace: this.place.namespace,
      fieldSelector: `involvedObject.name=${name},reason=Unhealthy`,
    };
    for (;;) {
      const [found] = (await this.place.client.list(events, selection)).items;
      if (found !== undefined) return found["message"];
      await this.when(name, () => true);
    }
  }
}

/** What a puppet kubelet does, on whichever API server. */
export function puppetSuite(server: string, open: () => Promise<Place>): void {
  describe(`the puppet kubelet on ${server}`, () => {
    let all: Pods;
    let kubelet: PuppetKubelet;

    beforeAll(async () => {
      all = new Pods(await open());
      kubelet = new PuppetKubelet({ ...all.place, nodeName: `puppet-${process.pid}` });
      await kubelet.start();
    });
    afterAll(async () => {
      await kubelet.stop();
      await all.place.close();
    });

    test.each(outcomes)("makes of an image named %s what a node would", async (tag, is, status) => {
      await all.create(`pod-${tag}`, tag);
      expect((await all.when(`pod-${tag}`, is))["status"]).toMatchObject(status);
    });

    test("warns of a readiness probe that fails", async () => {
      await all.create("warned", "never-ready");
      const words = "Readiness probe failed: HTTP probe failed with statuscode: 503";
      expect(await all.warning("warned")).toBe(words);
    });

    test("waits for a Secret that is missing, and goes on when it is there", async () => {
      const valueFrom = { secretKeyRef: { name: "late", key: "token" } };
      await all.create("late", "1.0", { env: [{ name: "TOKEN", valueFrom }] });
      const live = await all.when("late", waitsFor("CreateContainerConfigError"));
      expect(containerOf(live)).toMatchObject({ state: { waiting: { message: 'secret "late" not found' } } });
      const { client, namespace } = all.place;
      const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "late", namespace } };
      await client.create(secrets, { ...secret, stringData: { token: "x" } });
      await all.when("late", isReady);
    });

    test("lets a deleted pod go", async () => {
      await all.create("gone", "1.0");
      await all.when("gone", isReady);
      const { client, namespace } = all.place;
      await client.delete(pods, { name: "gone", namespace });
      await expect(all.when("gone", () => false)).rejects.toBeInstanceOf(ApiError);
    });
  });
}
