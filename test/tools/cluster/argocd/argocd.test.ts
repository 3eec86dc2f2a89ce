import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { clusterPaths } from "../../../../tools/cluster/embedded/paths.ts";
import { argoCdComponents, specOf } from "../../../../tools/cluster/argocd/components.ts";
import { ARGOCD_VERSION, LOCAL_SETTINGS } from "../../../../tools/cluster/argocd/constants.ts";
import { inArgoCdNamespace } from "../../../../tools/cluster/argocd/identities.ts";
import {
  crdsFirst,
  environmentIn,
  parseObjects,
  withSettings,
  withoutPods,
} from "../../../../tools/cluster/argocd/objects.ts";

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

/** The smallest manifests with which every component has a command line. */
const manifests = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "argocd" } },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "argocd-cm" }, data: { kept: "yes" } },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "argocd-cmd-params-cm" } },
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

describe("the applied objects", () => {
  test("have the settings of a local cluster in addition to the official ones", () => {
    expect(objects[1]?.data).toEqual({ kept: "yes", ...LOCAL_SETTINGS["argocd-cm"] });
  });

  test("lack the ConfigMap of a setting: withSettings throws", () => {
    expect(() => withSettings(objects, { "argocd-cn": {} })).toThrow("have no ConfigMap argocd-cn");
  });

  test("don't include workloads, Services and network policies", () => {
    expect(withoutPods(objects).map(({ kind }) => kind)).toEqual([
      "Namespace",
      "ConfigMap",
      "ConfigMap",
      "CustomResourceDefinition",
    ]);
  });

  test("are split into CRDs and other objects", () => {
    const [crds, others] = crdsFirst(objects);
    expect(crds.map(({ metadata }) => metadata.name)).toEqual(["applications.argoproj.io"]);
    expect(others).toHaveLength(objects.length - 1);
  });
});

describe("a component's environment", () => {
  test("has literal values and values from ConfigMaps, but no absent keys and no Secrets", () => {
    expect(environmentIn(objects, "argocd-repo-server")).toEqual({
      HELM_CACHE_HOME: "/helm-working-dir",
      ARGOCD_RECONCILIATION_TIMEOUT: LOCAL_SETTINGS["argocd-cm"]?.["timeout.reconciliation"],
    });
  });

  test("of a workload that the manifests lack: throws", () => {
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

  test("inherit no environment and listen on loopback where a flag exists", () => {
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

  test("of two clusters share no file except the binaries", () => {
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

test("the Argo CD version: the same in go.mod and in deploy/argocd/install", () => {
  const root = join(import.meta.dirname, "../../../..");
  const read = (file: string): string => readFileSync(join(root, file), "utf8");
  const pin = `\tgithub.com/argoproj/argo-cd/v3 v${ARGOCD_VERSION} `;
  expect(read("tools/cluster/argocd/go/go.mod")).toContain(pin);
  const images = read("deploy/argocd/install/argo-cd.yaml").match(/quay\.io\/argoproj\/argocd:\S+/g);
  expect(new Set(images)).toEqual(new Set([`quay.io/argoproj/argocd:v${ARGOCD_VERSION}`]));
});

test("a component's kubeconfig has the administrator's cluster, but its own user and namespace", () => {
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
