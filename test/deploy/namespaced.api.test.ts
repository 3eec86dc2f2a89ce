import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import type { ApiClient } from "../../operator/runtime/client.ts";
import { until } from "../../tools/cluster/command.ts";
import { copyOf } from "../../tools/cluster/kubeconfig.ts";
import { kubectl } from "../../tools/cluster/kubectl.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { freshNamespace, kinds, removeNamespace } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { AppNamespace } from "../e2e/appnamespace.ts";
import { FakeKubelet } from "../sim/kubelet.ts";
import { apiServer } from "../support/api-server.ts";
import { requestsOf } from "../support/audit.ts";
import { copyNamespaced } from "../support/namespaced.ts";
import { type Role, causeEveryRequest, expectExactly } from "../support/permissions.ts";
import { type Program, start } from "../support/program.ts";

const main = join(import.meta.dirname, "../../operator/main.ts");
const name = "demoapp-operator";
const folder = mkdtempSync(join(tmpdir(), "demoapp-namespaced-"));

interface Rendered extends Role {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}
interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}

let cluster: Cluster;
let client: ApiClient;
let system: string;
let teams: readonly string[];
let kubelets: readonly FakeKubelet[];
let objects: readonly Rendered[];
let operator: Program;

/** Starts the operator's process with the settings and the service account of the rendered overlay. */
async function startOperator(): Promise<Program> {
  const deployment = objects.find(({ kind }) => kind === "Deployment");
  const env = deployment?.spec?.template.spec.containers[0]?.env ?? [];
  const settings = env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
  const token = (await kubectl(cluster, ["-n", system, "create", "token", name])).trim();
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(
    kubeconfig,
    copyOf(readFileSync(cluster.kubeconfig, "utf8"), () => ({ token })),
  );
  const started = await start(main, {
    ...(Object.fromEntries(settings) as Record<string, string>),
    KUBECONFIG: kubeconfig,
    POD_NAMESPACE: system,
  });
  await until("the operator is ready", 30_000, async () =>
    (await fetch(`http://127.0.0.1:${started.port}/readyz`)).ok ? true : undefined,
  );
  return started;
}

beforeAll(async () => {
  client = await apiServer();
  cluster = await testCluster("api");
  system = await freshNamespace(client, "namespaced-system");
  teams = [await freshNamespace(client, "namespaced-a"), await freshNamespace(client, "namespaced-b")];
  kubelets = teams.map((namespace) => new FakeKubelet({ client, namespace, nodeName: `fake-${namespace}` }));
  for (const kubelet of kubelets) await kubelet.start();
  copyNamespaced(folder, teams);
  const text = await kubectl(cluster, ["kustomize", join(folder, "deploy/namespaced")]);
  objects = parseAllDocuments(text.replaceAll("demoapp-system", system)).map(
    (document) => document.toJS() as Rendered,
  );
  const items = objects.filter(({ kind }) => ["ServiceAccount", "Role", "RoleBinding"].includes(kind));
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await kubectl(cluster, ["apply", "--server-side", "-f", "-"], list);
  operator = await startOperator();
});
afterAll(async () => {
  operator.kill("SIGTERM");
  await operator.exit;
  for (const kubelet of kubelets) await kubelet.stop();
  for (const namespace of [system, ...teams]) await removeNamespace(client, namespace);
  await client.close();
  rmSync(folder, { recursive: true });
});

test("the operator of deploy/namespaced: runs apps in both namespaces with exactly the rules of its Roles", async () => {
  const [first, second] = teams.map((namespace) => new AppNamespace(cluster, client, namespace)) as [
    AppNamespace,
    AppNamespace,
  ];
  const applyIn =
    ({ namespace }: AppNamespace) =>
    (name: string, spec: object) => {
      const metadata = { name, namespace };
      const fields = { image: "registry.local/web:1", ...spec };
      const app = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata, spec: fields };
      return client.apply(kinds.DemoApp, app, { fieldManager: "git", force: true });
    };
  await applyIn(second)("web", {});
  const unready = { image: "registry.local/web:1-never-ready" };
  await causeEveryRequest({ ns: first, apply: applyIn(first), unready });
  await second.healthy("web");
  const roles = objects.filter(({ kind }) => kind === "Role");
  await expectExactly(roles, first, () => requestsOf(cluster, `system:serviceaccount:${system}:${name}`, 0));
});

test("the operator of deploy/namespaced: has no permission beyond its namespaces", () => {
  const bindings = objects.filter(({ kind }) => kind === "ClusterRoleBinding");
  expect(bindings).toEqual([]);
  const roles = objects.filter(({ kind }) => kind === "Role");
  expect(roles.map(({ metadata }) => metadata.namespace ?? "").toSorted()).toEqual(
    [system, ...teams].toSorted(),
  );
});
