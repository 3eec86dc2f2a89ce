import { beforeAll, expect, test } from "@jest/globals";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../operator/runtime/client.ts";
import { realClock } from "../../operator/runtime/clock.ts";
import { until } from "../../tools/cluster/command.ts";
import { kubeconfigOf } from "../../tools/cluster/kubeconfig.ts";
import { bundle } from "../../tools/images.ts";
import { imageSettings, peakRssMiB } from "../../tools/imagesettings.ts";
import { kinds } from "../../tools/objects.ts";
import type { DemoApp } from "../e2e/objects.ts";
import { FakeApiServer } from "../sim/apiserver/server.ts";
import { WorkloadControllers } from "../sim/controllers.ts";
import { demoAppKind } from "../sim/demoapp.ts";
import { FakeKubelet } from "../sim/kubelet.ts";
import { start } from "../support/program.ts";
import { Flood } from "./flood.ts";

const namespace = "default";
const main = join(import.meta.dirname, "../../dist/operator/main.js");
/** The program of the image: the source takes tens of MiB more. */
beforeAll(() => void bundle("operator"));

test.each([{ lists: "streams lists" }, { lists: "lists in pages" }])(
  "tenants flood the API server, which $lists: the operator stays under 256 MiB and rolls an app out",
  async ({ lists }) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "demoapp-flood-"));
    const server = new FakeApiServer({ kinds: [demoAppKind()] });
    if (lists === "lists in pages")
      server.faults.add({
        times: Infinity,
        when: ({ query }) => query.has("sendInitialEvents"),
        do: { status: 422, message: "sendInitialEvents is forbidden for watch" },
      });
    await server.start();
    const client = createClient({ server: server.url, userAgent: "tests" });
    const kubelet = new FakeKubelet({ client, namespace });
    const controllers = new WorkloadControllers(server.api, realClock);
    const apply = (name: string, image: string) => {
      const metadata = { namespace, name };
      const spec = { image: `registry.local/${image}`, progressDeadlineSeconds: 30 };
      const object = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata, spec };
      return client.apply(kinds.DemoApp, object, { fieldManager: "git", force: true });
    };
    const healthy = (name: string, generation: number) =>
      until(`${name} is healthy`, 30_000, async () => {
        const { status } = (await client.get(kinds.DemoApp, { namespace, name })) as unknown as DemoApp;
        return (status?.phase === "Healthy" && status.observedGeneration === generation) || undefined;
      });
    const flood = new Flood(server);
    flood.labelledObjects();
    flood.labelledRevisions();
    flood.forgedRevisions(await apply("web", "app:1"));
    controllers.start();
    await kubelet.start();
    const kubeconfig = join(folder.path, "kubeconfig");
    await writeFile(kubeconfig, kubeconfigOf({ server: server.url }));
    const { args, env } = imageSettings();
    const own = { KUBECONFIG: kubeconfig, POD_NAMESPACE: namespace };
    const operator = await start(main, { ...env, ...own }, args);
    try {
      await apply("sick", "app:1-never-ready");
      await apply("good", "app:1");
      await healthy("good", 1);
      const { items } = await client.list(kinds.Pod, { namespace });
      for (const pod of items) flood.events(pod);
      flood.labelledRevisions();
      await apply("good", "app:2");
      await healthy("good", 2);
      await healthy("web", 1);
      await until("the operator reads Events", 20_000, async () => {
        const selectors = server.requests.map(({ query }) => query.get("fieldSelector") ?? "");
        return selectors.some((selector) => selector.includes("type=Warning")) || undefined;
      });
      const peakMiB = Math.round(peakRssMiB(operator.pid));
      process.stderr.write(`the operator, which ${lists}: at most ${peakMiB} MiB\n`);
      expect(peakMiB).toBeLessThan(256);
    } finally {
      operator.kill("SIGKILL");
      await operator.exit;
      controllers.stop();
      await kubelet.stop();
      await client.close();
      await server.stop();
    }
  },
);
