import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { clusterPaths } from "../../../../tools/cluster/embedded/paths.ts";
import { argoCdComponents, specOf } from "../../../../tools/cluster/argocd/components.ts";
import { ARGOCD_VERSION, LOCAL_SETTINGS } from "../../../../tools/cluster/argocd/constants.ts";
import { inArgoCdNamespace } from "../../../../tools/cluster/argocd/identities.ts";
import {
  environmentIn,
  kindsFirst,
  parseObjects,
  withSettings,
  withoutPods,
} from "../../../../tools/cluster/argocd/objects.ts";
import { INSTALLATION, withLocalManifests } from "../../../../tools/cluster/argocd/render.ts";

const fromSettings = (name: string, key: string): object => ({
  name,
  valueFrom: { configMapKeyRef: { name: "argocd-cm", key, optional: true } },
});
const workload = (kind: string, name: string, env: readonly object[]): object => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name },
  spec: { template: { spec: { containers: [{ name: "argocd", env }] } } },
});

/** As little of Argo CD's manifests as there can be. */
const manifests = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "argocd" } },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "argocd-cm" }, data: { kept: "yes" } },
  { apiVersion: "v1", kind: "CustomResourceDefinition", metadata: { name: "applications.argoproj.io" } },
  { apiVersion: "v1", kind: "Service", metadata: { name: "argocd-repo-server" } },
  workload("Deployment", "argocd-repo-server", [
    { name: "HELM_CACHE_HOME", value: "/helm-working-dir" },
    fromSettings("ARGOCD_RECONCILIATION_TIMEOUT", "timeout.reconciliation"),
    fromSettings("ARGOCD_ABSENT", "absent"),
    { name: "REDIS_PASSWORD", valueFrom: { secretKeyRef: { name: "argocd-redis", key: "auth" } } },
  ]),
  workload("StatefulSet", "argocd-application-controller", []),
  workload("Deployment", "argocd-applicationset-controller", []),
];
const objects = withSettings(
  parseObjects(manifests.map((one) => JSON.stringify(one)).join("\n---\n")),
  LOCAL_SETTINGS,
);

describe("what is applied", () => {
  test("has the settings of a local cluster beside those that were there", () => {
    expect(objects[1]?.data).toEqual({ kept: "yes", ...LOCAL_SETTINGS["argocd-cm"] });
  });

  test("must have the ConfigMaps that settings are meant for", () => {
    expect(() => withSettings(objects, { "argocd-cn": {} })).toThrow("have no ConfigMap argocd-cn");
  });

  test("is without what only serves pods where there are none", () => {
    expect(withoutPods(objects).map(({ kind }) => kind)).toEqual([
      "Namespace",
      "ConfigMap",
      "CustomResourceDefinition",
    ]);
  });

  test("begins with the kinds", () => {
    const [kinds, others] = kindsFirst(objects);
    expect(kinds.map(({ metadata }) => metadata.name)).toEqual(["applications.argoproj.io"]);
    expect(others).toHaveLength(objects.length - 1);
  });
});

describe("a component's environment", () => {
  test("is what the official manifests take from ConfigMaps, and nothing that is absent or secret", () => {
    expect(environmentIn(objects, "argocd-repo-server")).toEqual({
      HELM_CACHE_HOME: "/helm-working-dir",
      ARGOCD_RECONCILIATION_TIMEOUT: LOCAL_SETTINGS["argocd-cm"]?.["timeout.reconciliation"],
    });
  });

  test("can't be had of a workload that isn't there", () => {
    expect(() => environmentIn(objects, "argocd-server")).toThrow("have no workload argocd-server");
  });
});

describe("command lines", () => {
  const layoutOf = (cluster: string) => {
    const { state, run } = clusterPaths(cluster);
    return { state: join(state, "argocd"), run, binaries: "/bin/argocd", objects };
  };
  const argv = (cluster: string): string[][] =>
    argoCdComponents.map((one) => [...specOf(one, layoutOf(cluster)).argv]);

  test("inherit nothing and listen on loopback where they can be told to", () => {
    const [redis, repoServer, controller, applicationSets] = argv("one");
    expect(redis).toEqual(expect.arrayContaining(["--bind", "127.0.0.1"]));
    for (const one of [repoServer, controller, applicationSets])
      expect(one?.slice(0, 2)).toEqual(["env", "-i"]);
    expect(repoServer).toEqual(
      expect.arrayContaining(["--address=127.0.0.1", "HELM_CACHE_HOME=" + helm("one")]),
    );
    expect(applicationSets?.filter((flag) => /-addr=/.test(flag))).toHaveLength(3);
  });

  const helm = (cluster: string): string => join(layoutOf(cluster).state, "argocd-repo-server", "helm");

  test("of two clusters share no file but the binaries", () => {
    const files = (cluster: string): string[] =>
      argv(cluster)
        .flat()
        .map((argument) => argument.slice(argument.indexOf("=") + 1))
        .filter((value) => value.startsWith("/") && !value.startsWith("/bin/argocd"));
    const ofOne = new Set(files("one"));
    expect(ofOne.size).toBeGreaterThan(5);
    expect(files("two").filter((file) => ofOne.has(file))).toEqual([]);
  });
});

describe("versions", () => {
  test("of the module and of what is told to users are the same", () => {
    const goMod = readFileSync(
      join(import.meta.dirname, "../../../../tools/cluster/argocd/go/go.mod"),
      "utf8",
    );
    expect(goMod).toContain(`\tgithub.com/argoproj/argo-cd/v3 v${ARGOCD_VERSION} `);
    const kustomization = readFileSync(join(INSTALLATION, "kustomization.yaml"), "utf8");
    const local = parse(withLocalManifests(kustomization)) as { readonly resources: readonly string[] };
    expect(local.resources).toContain("install.yaml");
    expect(local.resources.filter((one) => !existsSync(join(INSTALLATION, one)))).toEqual(["install.yaml"]);
  });

  test("that differ are refused", () => {
    expect(() => withLocalManifests("resources: [https://example.com/v0/install.yaml]")).toThrow("the same");
  });
});

test("a component's kubeconfig has the cluster of the administrator's, and a user and namespace of its own", () => {
  const admin = JSON.stringify({
    clusters: [{ name: "c", cluster: { server: "https://198.18.1.2:6443" } }],
    users: [{ name: "admin", user: { "client-key-data": "secret" } }],
  });
  const own = inArgoCdNamespace(admin, { token: "of-the-account" });
  expect(own).not.toContain("secret");
  expect(parse(own)).toMatchObject({
    clusters: [{ cluster: { server: "https://198.18.1.2:6443" } }],
    users: [{ user: { token: "of-the-account" } }],
    contexts: [{ context: { namespace: "argocd" } }],
  });
});
