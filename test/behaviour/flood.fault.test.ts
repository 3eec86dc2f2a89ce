import { expect, test } from "@jest/globals";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../operator/runtime/client.ts";
import { realClock } from "../../operator/runtime/clock.ts";
import { until } from "../../tools/cluster/command.ts";
import { kubeconfigOf } from "../../tools/cluster/kubeconfig.ts";
import { kinds } from "../../tools/objects.ts";
import type { DemoApp } from "../e2e/objects.ts";
import { FakeApiServer } from "../sim/apiserver/server.ts";
import { WorkloadControllers } from "../sim/controllers.ts";
import { demoAppKind } from "../sim/demoapp.ts";
import { FakeKubelet } from "../sim/kubelet.ts";
import { type Program, start } from "../support/program.ts";
import { Flood } from "./flood.ts";

const namespace = "default";
const main = join(import.meta.dirname, "../../operator/main.ts");

/** The largest resident memory of the process until now, in MiB. The container's limit is 384 MiB. */
async function peakMiB({ pid }: Program): Promise<number> {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kibibytes) / 1024);
}

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
    // As in the image, except that NODE_OPTIONS can't set how fast the heap grows: the limit of the heap replaces it.
    const memory = {
      MALLOC_ARENA_MAX: "2",
      NODE_OPTIONS: "--max-semi-space-size=8 --max-old-space-size=128",
    };
    const operator = await start(main, { KUBECONFIG: kubeconfig, POD_NAMESPACE: namespace, ...memory });
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
      expect(await peakMiB(operator)).toBeLessThan(256);
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
