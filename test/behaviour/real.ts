import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { createClient } from "../../operator/runtime/client.ts";
import { realClock } from "../../operator/runtime/clock.ts";
import { fieldsOf, itemsOf } from "../sim/apiserver/json.ts";
import { sendBy } from "../sim/fidelity/wire.ts";
import { FakeKubelet } from "../sim/kubelet.ts";
import { applyCrd, freshNamespace, removeNamespace } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { refuseImages } from "./real/policy.ts";
import { OperatorUser, userOf } from "./real/user.ts";
import type { Ground } from "./world.ts";

/** The cluster's kubeconfig for another user, whom its own impersonates. */
async function impersonating(kubeconfig: string, user: string): Promise<string> {
  const config = fieldsOf(parse(await readFile(kubeconfig, "utf8")));
  const users = itemsOf(config["users"]).map((entry) => ({
    ...entry,
    user: { ...fieldsOf(entry["user"]), as: user },
  }));
  const file = join(await mkdtemp(join(tmpdir(), "demoapp-behaviour-")), "kubeconfig");
  await writeFile(file, stringify({ ...config, users }), { mode: 0o600 });
  return file;
}

/** A namespace of the cluster that the tests of the tier `api` share, with the operator's own permissions in it. */
export async function realGround(): Promise<Ground> {
  const { kubeconfig } = await testCluster("api");
  const client = createClient({ kubeconfig, userAgent: "tests" });
  await applyCrd(client);
  const namespace = await freshNamespace(client, `behaviour-${Math.random().toString(36).slice(2, 8)}`);
  const own = await impersonating(kubeconfig, userOf(namespace));
  const user = new OperatorUser(client, namespace, own);
  await user.allow();
  const wire = sendBy(kubeconfig);
  const undo: (() => Promise<void>)[] = [];
  return {
    client,
    send: wire.send,
    namespace,
    clock: realClock,
    access: { kubeconfig: own },
    patienceMs: 60_000,
    intervalMs: 100,
    deadlineSeconds: 6,
    forbid: async (resource, verbs) => {
      await user.allow({ resource, verbs });
      return () => user.allow();
    },
    refuseImages: async (text) => {
      undo.push(await refuseImages({ client, send: wire.send }, namespace, text));
    },
    kubelet: (behaviour) =>
      new FakeKubelet({
        client,
        namespace,
        nodeName: namespace,
        behaviour,
      }),
    close: async () => {
      for (const action of undo) await action();
      await removeNamespace(client, namespace);
      await Promise.all([user.close(), wire.close(), client.close()]);
      await rm(join(own, ".."), { recursive: true });
    },
  };
}
