import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createClient } from "../../operator/runtime/client.ts";
import { applyCrd } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { fieldsOf } from "./apiserver/json.ts";
import { FakeApiServer } from "./apiserver/server.ts";
import { demoAppKind } from "./demoapp.ts";
import { normalReply } from "./fidelity/normal.ts";
import { scripts } from "./fidelity/scripts.ts";
import type { Script } from "./fidelity/steps.ts";
import { type Reply, type Send, sendBy, sendTo } from "./fidelity/wire.ts";

const fake = new FakeApiServer({ kinds: [demoAppKind()] });
let real: ReturnType<typeof sendBy>;

beforeAll(async () => {
  await fake.start();
  const cluster = await testCluster("api");
  const client = createClient({ kubeconfig: cluster.kubeconfig });
  await applyCrd(client);
  await client.close();
  real = sendBy(cluster.kubeconfig);
});
afterAll(async () => {
  await fake.stop();
  await real.close();
});

/** Whether an answer shows another version of an object than the one before: a write of nothing must not. */
function versionStep(replies: readonly Reply[], i: number): { isNewVersion?: boolean } {
  const [before, after] = [replies[i - 1], replies[i]].map((reply) => fieldsOf(reply?.body));
  const [old, now] = [fieldsOf(before?.["metadata"]), fieldsOf(after?.["metadata"])];
  // Controllers write to Deployments at times of their own.
  const hasController = ["Deployment", "Scale"].includes(String(after?.["kind"]));
  if (now["uid"] === undefined || old["uid"] !== now["uid"] || hasController) return {};
  return { isNewVersion: old["resourceVersion"] !== now["resourceVersion"] };
}

/** Runs a script in a namespace of its own; what it answers, in a form that does not depend on the server. */
async function run(send: Send, { steps }: Script): Promise<readonly Reply[]> {
  const namespace = `fidelity-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const metadata = { name: namespace };
  await send({
    method: "POST",
    path: "/api/v1/namespaces",
    body: { apiVersion: "v1", kind: "Namespace", metadata },
  });
  const replies: Reply[] = [];
  try {
    for (const next of steps) {
      const step = typeof next === "function" ? next(replies) : next;
      replies.push(await send({ ...step, path: step.path.replace("{ns}", namespace) }));
    }
  } finally {
    await send({ method: "DELETE", path: `/api/v1/namespaces/${namespace}` });
  }
  return replies.map((reply, i) => ({ ...normalReply(reply, namespace), ...versionStep(replies, i) }));
}

test.each(scripts)("the fake answers as the real API server does: $name", async (script) => {
  expect(await run(sendTo(fake.url), script)).toEqual(await run(real.send, script));
});
