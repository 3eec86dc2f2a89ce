import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { parse, parseAllDocuments, stringify } from "yaml";
import { silent } from "../../tools/cluster/progress.ts";
import { renderAll, validate } from "../../tools/manifests.ts";
import { type Example, documentsIn } from "../support/examples.ts";

const root = join(import.meta.dirname, "../..");
const page = documentsIn("operating.md");
const shown = (key: string, mark: string): Example =>
  page.find((one) => JSON.stringify(one[key] ?? "").includes(mark)) ?? {};

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "operator-"));
  for (const folder of ["deploy/operator", "deploy/namespaced", "deploy/argocd/operator", "crds"])
    cpSync(join(root, folder), join(top, folder), { recursive: true });
});
afterEach(() => rmSync(top, { recursive: true }));

const fileOf = (folder: string): string => join(top, folder, "kustomization.yaml");
const kustomization = (folder: string): Readonly<Record<string, unknown>> =>
  parse(readFileSync(fileOf(folder), "utf8")) as Readonly<Record<string, unknown>>;

/** Sets fields of a kustomization, as a page of the documentation shows them. */
const set = (folder: string, fields: object): void =>
  writeFileSync(fileOf(folder), stringify({ ...kustomization(folder), ...fields }));

async function render(folder: string): Promise<readonly Example[]> {
  const { text = "" } = (await renderAll(silent, top)).find(({ path }) => path === folder) ?? {};
  return parseAllDocuments(text).map((one) => one.toJS() as Example);
}

describe("deploy/namespaced", () => {
  test("a namespace is added: the operator watches exactly the namespaces in which it has a Role", async () => {
    const text = readFileSync(join(root, "docs/operating.md"), "utf8");
    const commands = [...text.matchAll(/^\$ ((?:cp|sed) .*)$/gm)].map(([, line = ""]) => line);
    expect(commands).toHaveLength(3);
    for (const line of commands) execFileSync("sh", ["-c", line], { cwd: top });
    const objects = await render("deploy/namespaced");
    const roles = objects.filter(
      ({ kind, metadata }) => kind === "Role" && metadata?.name === "demoapp-operator",
    );
    const namespaces = roles.map(({ metadata }) => metadata?.namespace ?? "");
    expect(namespaces.toSorted()).toEqual(["team-a", "team-b"]);
    expect(objects.find(({ kind }) => kind === "Deployment")).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              { env: expect.arrayContaining([{ name: "WATCH_NAMESPACES", value: namespaces.join(",") }]) },
            ],
          },
        },
      },
    });
  });

  test("its Roles have the rules of the ClusterRole that it leaves out", async () => {
    const objects = await render("deploy/namespaced");
    const ofName = (all: readonly Example[], kind: string) =>
      all.filter((one) => one.kind === kind && one.metadata?.name === "demoapp-operator");
    const clusterRoles = ofName(await render("deploy/operator"), "ClusterRole");
    expect(ofName(objects, "Role").map(({ rules }) => rules)).toEqual(clusterRoles.map(({ rules }) => rules));
    expect(objects.filter(({ kind }) => kind === "ClusterRoleBinding")).toEqual([]);
    expect(ofName(objects, "ClusterRole")).toEqual([]);
  });

  test("Argo CD's folder with the change of docs/operating.md: has the Roles, the image of settings.yaml and no CRD", async () => {
    set("deploy/argocd/operator", shown("resources", "namespaced"));
    const [image] = kustomization("deploy/operator")["images"] as readonly { readonly newName: string }[];
    set("deploy/argocd/operator", {
      images: [{ name: image?.newName, newName: "example.com/operator", newTag: "2" }],
    });
    const objects = await render("deploy/argocd/operator");
    expect(objects.filter(({ kind }) => kind === "CustomResourceDefinition")).toEqual([]);
    expect(objects.filter(({ metadata }) => metadata?.namespace === "team-a")).toHaveLength(2);
    expect(JSON.stringify(objects)).toContain('"image":"example.com/operator:2"');
  });
});

describe("deploy/operator/admission-policy", () => {
  test("Argo CD's folder with the changes of docs/operating.md: the project permits the policies by name", async () => {
    set("deploy/argocd/operator", shown("resources", "admission-policy"));
    const objects = await render("deploy/argocd/operator");
    const policies = objects.filter(({ apiVersion }) => apiVersion === "admissionregistration.k8s.io/v1");
    const rules = shown("clusterResourceWhitelist", "Binding")["clusterResourceWhitelist"];
    expect(new Set(policies.map(({ kind }) => kind))).toEqual(
      new Set((rules as readonly Example[]).map(({ kind }) => kind)),
    );
    for (const { metadata } of policies) expect(metadata?.name).toMatch(/^demoapp-/);
  });

  test("names the user of the operator's Deployment", async () => {
    const operator = await render("deploy/operator");
    const account = operator.find(({ kind }) => kind === "ServiceAccount")?.metadata;
    const user = `system:serviceaccount:${account?.namespace}:${account?.name}`;
    const policies = (await render("deploy/operator/admission-policy")).filter(
      ({ kind }) => kind === "ValidatingAdmissionPolicy",
    );
    expect(policies).toHaveLength(2);
    for (const policy of policies) expect(JSON.stringify(policy)).toContain(`'${user}'`);
  });

  test("with the exception of docs/operating.md: has one more condition", async () => {
    set("deploy/operator/admission-policy", shown("patches", "not-the-restore"));
    const objects = await render("deploy/operator/admission-policy");
    const names = objects.map(({ spec }) => spec as { matchConditions?: readonly { name: string }[] });
    expect(names.map(({ matchConditions = [] }) => matchConditions.map(({ name }) => name))).toEqual([
      ["not-the-operator", "not-the-garbage-collector", "not-the-restore"],
      ["the-operator"],
      [],
      [],
    ]);
  });
});

test("deploy/operator with the components of docs/operating.md: only monitoring, the API server and the apps' pods can be reached", async () => {
  set("deploy/operator", shown("components", "api-server-address"));
  const rendered = await renderAll(silent, top);
  expect(await validate(rendered)).toHaveLength(rendered.length);
  const objects = await render("deploy/namespaced");
  const monitoring = { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } };
  const addresses = ["192.0.2.1/32", "203.0.113.10/32"];
  expect(objects.find(({ kind }) => kind === "NetworkPolicy")?.["spec"]).toEqual({
    podSelector: { matchLabels: { "app.kubernetes.io/name": "demoapp-operator" } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ from: [{ namespaceSelector: monitoring }], ports: [{ port: "health" }] }],
    egress: [
      { to: addresses.map((cidr) => ({ ipBlock: { cidr } })), ports: [{ port: 443 }, { port: 6443 }] },
      {
        to: [
          {
            namespaceSelector: {},
            podSelector: { matchLabels: { "app.kubernetes.io/managed-by": "demoapp-operator" } },
          },
        ],
      },
    ],
  });
});

test("deploy/operator with the component metrics-auth: the metrics require a token, and the operator may review tokens", async () => {
  set("deploy/operator", shown("components", "metrics-auth"));
  const rendered = await renderAll(silent, top);
  expect(await validate(rendered)).toHaveLength(rendered.length);
  const objects = await render("deploy/operator");
  const named = (kind: string, name: string): Example | undefined =>
    objects.find((one) => one.kind === kind && one.metadata?.name === name);
  expect(JSON.stringify(named("Deployment", "demoapp-operator"))).toContain(
    '{"name":"METRICS_AUTH","value":"true"},{"name":"METRICS_AUDIENCE","value":"demoapp-operator"}',
  );
  expect(named("ClusterRoleBinding", "demoapp-operator-metrics-auth")).toMatchObject({
    subjects: [{ kind: "ServiceAccount", name: "demoapp-operator", namespace: "demoapp-system" }],
  });
  expect(named("ClusterRole", "demoapp-metrics-reader")).toMatchObject({
    rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
  });
});
