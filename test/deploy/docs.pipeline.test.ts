import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { parse, parseAllDocuments, stringify } from "yaml";
import { foreign, renderAll, validate } from "../../tools/manifests.ts";
import { silent } from "../../tools/cluster/progress.ts";
import { type Example, documentsIn } from "../support/examples.ts";
import { copyDeploy, unlistedFilesIn } from "../support/overlays.ts";

const root = join(import.meta.dirname, "../..");

const isForeign = ({ apiVersion, kind }: Example): boolean =>
  foreign.some((one) => one === `${apiVersion}/${kind}`);

test.each([
  { page: "gitops.md", count: 1 },
  { page: "secrets.md", count: 1 },
  { page: "multi-cluster.md", count: 2 },
])("the examples of $page: match the schemas of Kubernetes and Argo CD", async ({ page, count }) => {
  const objects = documentsIn(page).filter((one) => one.apiVersion !== undefined && !isForeign(one));
  const text = objects.map((object) => stringify(object)).join("---\n");
  expect(await validate([{ path: page, text }])).toEqual([{ path: page, resources: count }]);
});

test("an overlay with the changes of docs/secrets.md: passes the checks", async () => {
  const top = mkdtempSync(join(tmpdir(), "secrets-"));
  try {
    copyDeploy(top);
    cpSync(join(root, "crds"), join(top, "crds"), { recursive: true });
    const shown = documentsIn("secrets.md");
    const secrets = shown.filter((one) => isForeign(one) && one.metadata?.name === "registry");
    const lines = shown.find((one) => one["configMapGenerator"] !== undefined);
    const environments = ["dev", "staging"];
    expect(secrets.map(({ kind }) => kind)).toEqual(["ExternalSecret", "SealedSecret"]);
    for (const [at, environment] of environments.entries()) {
      const folder = join(top, "deploy/webapp/overlays", environment);
      const kustomization = join(folder, "kustomization.yaml");
      const text = { ...(parse(readFileSync(kustomization, "utf8")) as object), ...lines };
      writeFileSync(kustomization, stringify(text));
      writeFileSync(join(folder, "registry.yaml"), stringify(secrets[at]));
      expect(unlistedFilesIn(folder)).toEqual([]);
    }
    const rendered = await renderAll(silent, top);
    const overlays = environments.map((one) =>
      rendered.filter(({ path }) => path === `deploy/webapp/overlays/${one}`),
    );
    expect(overlays.map(([one]) => /kind: (ExternalSecret|SealedSecret)/.exec(one?.text ?? "")?.[1])).toEqual(
      secrets.map(({ kind }) => kind),
    );
    expect(await validate(overlays.flat())).toHaveLength(2);
  } finally {
    rmSync(top, { recursive: true });
  }
});

test("Argo CD's installation with the component of docs/gitops.md: GitHub receives verdicts, and nothing else is sent", async () => {
  const top = mkdtempSync(join(tmpdir(), "github-"));
  try {
    for (const folder of ["deploy/argocd/install", "deploy/argocd/github", "crds"])
      cpSync(join(root, folder), join(top, folder), { recursive: true });
    const file = join(top, "deploy/argocd/install/kustomization.yaml");
    const shown = documentsIn("gitops.md").find((one) => one["components"] !== undefined);
    writeFileSync(file, stringify({ ...(parse(readFileSync(file, "utf8")) as object), ...shown }));
    const installation = (await renderAll(silent, top)).find(({ path }) => path.endsWith("install"));
    const objects = parseAllDocuments(installation?.text ?? "").map((one) => one.toJS() as Example);
    const { data } = objects.find(({ metadata }) => metadata?.name === "argocd-notifications-cm") as {
      data: Record<string, string>;
    };
    expect(data["trigger.verdict"]).toContain("oncePer");
    expect(data["service.github"]).toContain("privateKey: $github-private-key");
    expect(parse(data["subscriptions"] ?? "")).toEqual([
      { recipients: ["github"], triggers: ["verdict"], selector: "demoapp.dev/environment" },
    ]);
  } finally {
    rmSync(top, { recursive: true });
  }
});

test("the operator with the changes of docs/secrets.md: its pods use the Secret, which Argo CD makes in their namespace", async () => {
  const top = mkdtempSync(join(tmpdir(), "operator-"));
  try {
    for (const folder of ["deploy/operator", "deploy/argocd/operator", "crds"])
      cpSync(join(root, folder), join(top, folder), { recursive: true });
    const shown = documentsIn("secrets.md");
    const add = (folder: string, key: string, mark: string): void => {
      const file = join(top, folder, "kustomization.yaml");
      const lines = shown.find((one) => JSON.stringify(one[key] ?? "").includes(mark));
      writeFileSync(file, stringify({ ...(parse(readFileSync(file, "utf8")) as object), ...lines }));
    };
    add("deploy/operator", "components", "pull-secret");
    add("deploy/argocd/operator", "resources", "../../operator");
    const secret = shown.find(({ kind }) => kind === "ExternalSecret");
    writeFileSync(join(top, "deploy/argocd/operator/registry.yaml"), stringify(secret));
    const rendered = await renderAll(silent, top);
    const installed = rendered.find(({ path }) => path === "deploy/argocd/operator");
    const objects = parseAllDocuments(installed?.text ?? "").map((one) => one.toJS() as Example);
    expect(objects.find(({ kind }) => kind === "Deployment")).toMatchObject({
      spec: { template: { spec: { imagePullSecrets: [{ name: secret?.metadata?.name }] } } },
    });
    expect(objects.filter(({ kind }) => kind === "ExternalSecret")).toEqual([secret]);
    expect(await validate(rendered)).toHaveLength(rendered.length);
  } finally {
    rmSync(top, { recursive: true });
  }
});

test("docs/secrets.md: the project permits each of its kinds", () => {
  const shown = documentsIn("secrets.md");
  const rules = shown.find((one) => one["namespaceResourceWhitelist"] !== undefined);
  const groupOf = (one: Example): string | undefined => one.apiVersion?.split("/")[0];
  const secrets = shown.filter((one) => isForeign(one) && one.metadata?.name === "registry");
  expect(rules?.["namespaceResourceWhitelist"]).toEqual(
    secrets.map((one) => ({ group: groupOf(one), kind: one.kind })),
  );
});
