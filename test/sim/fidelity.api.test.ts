import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createClient } from "../../operator/runtime/client.ts";
import { applyCrd } from "../../tools/objects.ts";
import { type RunningProcess, startProcess } from "../../tools/process.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { type Fields, fieldsOf } from "./apiserver/json.ts";
import { FakeApiServer } from "./apiserver/server.ts";
import { demoAppKind } from "./demoapp.ts";
import { derived } from "./fidelity/derived.ts";
import { kinds } from "./fidelity/kinds.ts";
import { normalReply } from "./fidelity/normal.ts";
import { objects } from "./fidelity/objects.ts";
import { ownership } from "./fidelity/ownership.ts";
import type { Script } from "./fidelity/steps.ts";
import { type Reply, type Send, type Step, sendTo } from "./fidelity/wire.ts";

const fake = new FakeApiServer({ kinds: [demoAppKind()] });
/** `kubectl proxy`, which adds the credentials of the real API server and nothing else. */
let proxy: RunningProcess;

beforeAll(async () => {
  await fake.start();
  const cluster = await testCluster("api");
  const client = createClient({ kubeconfig: cluster.kubeconfig });
  await applyCrd(client);
  await client.close();
  const argv = [cluster.kubectl, "--kubeconfig", cluster.kubeconfig, "proxy", "--port=0"];
  const ready = /^Starting to serve/;
  proxy = await startProcess(argv, { env: process.env, ready, readyWithinMs: 10_000 });
});
afterAll(async () => {
  await fake.stop();
  await proxy.stop();
});

const metadataOf = (reply: Reply | undefined): Fields => fieldsOf(fieldsOf(reply?.body)["metadata"]);

/** Whether a reply shows another resourceVersion of the same object than the previous reply. */
function versionChange(replies: readonly Reply[], i: number): { isNewVersion?: boolean } {
  const [before, after] = [metadataOf(replies[i - 1]), metadataOf(replies[i])];
  // Controllers of the real server also write to Deployments.
  const hasController = ["Deployment", "Scale"].includes(String(fieldsOf(replies[i]?.body)["kind"]));
  if (after["uid"] === undefined || before["uid"] !== after["uid"] || hasController) return {};
  return { isNewVersion: before["resourceVersion"] !== after["resourceVersion"] };
}

/** A step with the namespace for `{ns}`, and for `{0.field}` the metadata field of the first reply. */
function filled({ path, body, ...step }: Step, namespace: string, replies: readonly Reply[]): Step {
  const fill = (text: string): string =>
    text
      .replace("{ns}", namespace)
      .replace(/\{(\d+)\.(\w+)\}/, (_, i: string, field: string) =>
        String(metadataOf(replies[Number(i)])[field]),
      );
  if (body === undefined) return { ...step, path: fill(path) };
  return { ...step, path: fill(path), body: JSON.parse(fill(JSON.stringify(body))) as unknown };
}

/** Runs a script in a namespace of its own; returns the normal form of the replies. */
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
    for (const step of steps) replies.push(await send(filled(step, namespace, replies)));
  } finally {
    await send({ method: "DELETE", path: `/api/v1/namespaces/${namespace}` });
  }
  return replies.map((reply, i) => ({ ...normalReply(reply, namespace), ...versionChange(replies, i) }));
}

test.each([...objects, ...ownership, ...derived, ...kinds])(
  "$name (the fake answers like the real API server)",
  async (script) => {
    expect(await run(sendTo(fake.url), script)).toEqual(
      await run(sendTo(`http://${proxy.readyLine.split(" ").at(-1)}`), script),
    );
  },
);
