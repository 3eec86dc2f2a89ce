import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import { type ApiClient, type ObjectInput, createClient } from "../../../operator/runtime/client.ts";
import { realClock } from "../../../operator/runtime/clock.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { type Authorize, createTokenAuth } from "../../../operator/runtime/tokenauth.ts";
import { until } from "../../../tools/cluster/command.ts";
import { copyOf } from "../../../tools/cluster/kubeconfig.ts";
import { kubectl } from "../../../tools/cluster/kubectl.ts";
import type { Cluster } from "../../../tools/cluster/provider.ts";
import { freshNamespace, kinds, removeNamespace } from "../../../tools/objects.ts";
import { testCluster } from "../../../tools/testclusters.ts";

const component = join(import.meta.dirname, "../../../deploy/operator/components/metrics-auth/role.yaml");
const audience = "demoapp-operator";

let cluster: Cluster;
let admin: ApiClient;
let operator: ApiClient;
let namespace: string;
let folder: string;
let bindings: string;

/** Each test asks anew: a verdict is reused for 10 s. */
const auth = (expected = audience, client = operator): Authorize =>
  createTokenAuth({
    client,
    audience: expected,
    path: "/metrics",
    log: createLogger("silent"),
    clock: realClock,
  });
const verdictOn = (token: string, authorize = auth()): Promise<number> =>
  authorize(`Bearer ${token}`, "10.0.0.7");

const tokenOf = async (account: string, ...options: readonly string[]): Promise<string> => {
  const args = ["-n", namespace, "create", "token", account, ...options];
  return (await kubectl(cluster, args)).trim();
};
const scrapeToken = (account: string): Promise<string> => tokenOf(account, "--audience", audience);

const binding = (role: string, subject: object) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: `${namespace}-${role}` },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
  subjects: [subject],
});

beforeAll(async () => {
  cluster = await testCluster("api");
  admin = createClient({ kubeconfig: cluster.kubeconfig });
  namespace = await freshNamespace(admin, "metrics-auth");
  for (const name of ["prometheus", "curious"])
    await admin.create(kinds.ServiceAccount, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { namespace, name },
    });
  // The operator with only the permissions of the component.
  folder = await mkdtemp(join(tmpdir(), "demoapp-auth-"));
  const user = `operator-of-${namespace}`;
  const text = copyOf(await readFile(cluster.kubeconfig, "utf8"), (one) => ({ ...one, as: user }));
  await writeFile(join(folder, "kubeconfig"), text, { mode: 0o600 });
  operator = createClient({ kubeconfig: join(folder, "kubeconfig") });
  const roles = parseAllDocuments(readFileSync(component, "utf8"))
    .map((document) => document.toJS() as ObjectInput)
    .filter(({ kind }) => kind === "ClusterRole");
  await kubectl(
    cluster,
    ["apply", "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "List", items: roles }),
  );
  bindings = JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [
      binding("demoapp-operator-metrics-auth", { kind: "User", name: user }),
      binding("demoapp-metrics-reader", { kind: "ServiceAccount", name: "prometheus", namespace }),
    ],
  });
  await kubectl(cluster, ["create", "-f", "-"], bindings);
  const token = await scrapeToken("prometheus");
  await until("the roles are in force", 30_000, async () => (await verdictOn(token)) === 200 || undefined);
});
afterAll(async () => {
  await kubectl(cluster, ["delete", "-f", "-"], bindings);
  await removeNamespace(admin, namespace);
  await Promise.all([admin.close(), operator.close()]);
  await rm(folder, { recursive: true });
});

test("a service account that may get /metrics: 200; another one: 403", async () => {
  expect(await verdictOn(await scrapeToken("prometheus"))).toBe(200);
  expect(await verdictOn(await scrapeToken("curious"))).toBe(403);
});

test("a token of the API server's audience: 401, unless no audience is set", async () => {
  const token = await tokenOf("prometheus");
  expect(await verdictOn(token)).toBe(401);
  expect(await verdictOn(token, auth(""))).toBe(200);
  expect(await verdictOn(await scrapeToken("prometheus"), auth(""))).toBe(401);
});

test("no token, and an invalid one: 401", async () => {
  const token = await scrapeToken("prometheus");
  expect(await verdictOn(`${token.slice(0, -8)}AAAAAAAA`)).toBe(401);
  expect(await verdictOn("invalid")).toBe(401);
});

test("the Secret that the token is bound to is deleted: 401", async () => {
  const name = "session";
  await admin.create(kinds.Secret, { apiVersion: "v1", kind: "Secret", metadata: { namespace, name } });
  const bound = ["--bound-object-kind", "Secret", "--bound-object-name", name];
  const token = await tokenOf("prometheus", "--audience", audience, ...bound);
  expect(await verdictOn(token)).toBe(200);
  await admin.delete(kinds.Secret, { namespace, name });
  await until("the token is refused", 30_000, async () => (await verdictOn(token)) === 401 || undefined);
});

test("the token has expired: 401", async () => {
  // The API server issues no token for less than ten minutes, so the test signs one with the cluster's key.
  const key = createPrivateKey(readFileSync(join(dirname(cluster.kubeconfig), "pki/service-account.key")));
  const [header = "", payload = ""] = (await scrapeToken("prometheus")).split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
  const signed = (lifeSeconds: number): string => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const times = { iat: nowSeconds - 3600, nbf: nowSeconds - 3600, exp: nowSeconds + lifeSeconds };
    const body = `${header}.${Buffer.from(JSON.stringify({ ...claims, ...times })).toString("base64url")}`;
    return `${body}.${sign("sha256", Buffer.from(body), key).toString("base64url")}`;
  };
  expect(await verdictOn(signed(600))).toBe(200);
  expect(await verdictOn(signed(-60))).toBe(401);
});

test("the operator may not create reviews: 503", async () => {
  const nobody = join(folder, "nobody");
  const text = copyOf(await readFile(cluster.kubeconfig, "utf8"), (one) => ({ ...one, as: "nobody" }));
  await writeFile(nobody, text, { mode: 0o600 });
  const client = createClient({ kubeconfig: nobody });
  try {
    expect(await verdictOn(await scrapeToken("prometheus"), auth(audience, client))).toBe(503);
  } finally {
    await client.close();
  }
});
