import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { validate } from "../../operator/api/validate.ts";
import { checkArgoCd } from "../../tools/manifests.ts";
import { environments } from "../../tools/promote.ts";
import { source } from "../support/fork.ts";
import {
  type Kind,
  type ProjectSpec,
  type Rendered,
  applicationSet,
  applications,
  apps,
  objectsIn,
  ofKind,
  overlays,
  render,
} from "./rendered.ts";

const root = join(import.meta.dirname, "../..");
const build = 10 * 60_000;
beforeAll(render, build);

const groupOf = ({ apiVersion }: Rendered): string => apiVersion.split("/").slice(0, -1).join("/");
/** Kinds that Kubernetes and the operator create; Argo CD shows only those that the project permits. */
const children = {
  demoapp: ["apps/ControllerRevision", "apps/Deployment", "apps/ReplicaSet", "/Pod", "/Service"],
  "demoapp-platform": ["apps/ReplicaSet", "/Pod"],
};
const clusterKinds = new Set([
  "Namespace",
  "CustomResourceDefinition",
  "ClusterRole",
  "ClusterRoleBinding",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
]);
const isOfCluster = ({ kind }: Rendered): boolean => clusterKinds.has(kind);
const keyOf = ({ group, kind }: Kind): string => `${group}/${kind}`;
const isLike = (name: string, glob = ""): boolean =>
  glob.endsWith("*") ? name.startsWith(glob.slice(0, -1)) : name === glob;

describe("the sources of Argo CD", () => {
  test("every source: has the repository of settings.yaml, and the revision of the operator's release or of the rest", () => {
    const generators = applicationSet().generators.map(({ git }) => git);
    const sources = [
      ...applications().map(({ source }) => source),
      ...generators.map(({ repoURL, revision }) => ({ repoURL, targetRevision: revision, path: "" })),
    ];
    const repositories = [
      ...sources.map(({ repoURL }) => repoURL),
      ...ofKind(apps, "AppProject").flatMap(({ spec }) => (spec as ProjectSpec).sourceRepos),
    ];
    expect(new Set(repositories)).toEqual(new Set([source.repoURL]));
    const released = new Set(["crds", "deploy/argocd/operator"]);
    expect(sources.map(({ targetRevision }) => targetRevision)).toEqual(
      sources.map(({ path }) => (released.has(path) ? source.operatorRevision : source.targetRevision)),
    );
    expect(JSON.stringify(objectsIn(apps))).not.toContain('"settings"');
  });

  test("the operator's image of settings.yaml: replaces the image in deploy/operator, which has the same name", () => {
    const operator = applications().find(({ name }) => name === "demoapp-operator");
    expect(operator?.source.kustomize?.images).toEqual([source.operatorImage]);
    const [name = ""] = source.operatorImage.split(/:[^/]+$/);
    const deployments = ofKind("deploy/argocd/operator", "Deployment");
    expect(JSON.stringify(deployments)).toContain(`"image":"${name}:`);
  });

  test("every path: is a folder that renders objects", () => {
    const paths = applications().map(({ source }) => source.path);
    expect(paths.filter((path) => objectsIn(path).length === 0)).toEqual([]);
    expect(paths.toSorted()).toEqual(
      [
        apps,
        "crds",
        "deploy/argocd/operator",
        ...environments.map((environment) => `deploy/webapp/overlays/${environment}`),
      ].toSorted(),
    );
  });

  test("every object: belongs to one Application only", () => {
    const all = applications().flatMap(({ source, destination }) =>
      objectsIn(source.path).map(
        (object) =>
          `${groupOf(object)}/${object.kind} ${object.metadata.namespace ?? destination.namespace}/${object.metadata.name}`,
      ),
    );
    expect(all.filter((key, at) => all.indexOf(key) !== at)).toEqual([]);
  });

  test("every namespaced object: is in the namespace of its Application, except for Roles of the operator", () => {
    const elsewhere = applications().flatMap(({ source, destination }) =>
      objectsIn(source.path).filter(
        ({ kind, metadata }) =>
          metadata.namespace !== undefined &&
          metadata.namespace !== destination.namespace &&
          !(source.path === "deploy/argocd/operator" && /^Role(Binding)?$/.test(kind)),
      ),
    );
    expect(elsewhere).toEqual([]);
  });

  test("root: is in the last wave, for whose health a sync does not wait", () => {
    const wave = ({ metadata }: Rendered): number =>
      Number(metadata.annotations?.["argocd.argoproj.io/sync-wave"] ?? 0);
    const root = objectsIn(apps).find(({ metadata }) => metadata.name === "root");
    expect(root && wave(root)).toBe(Math.max(...objectsIn(apps).map(wave)));
  });

  test("every Application: retries without a limit with the newest commit, and uses server-side apply", () => {
    for (const { name, syncPolicy } of applications()) {
      expect([name, syncPolicy.retry]).toEqual([name, expect.objectContaining({ limit: -1, refresh: true })]);
      expect([name, syncPolicy.syncOptions]).toEqual([
        name,
        expect.arrayContaining(["ServerSideApply=true"]),
      ]);
    }
  });
});

describe.each(["demoapp", "demoapp-platform"] as const)("the project %s", (name) => {
  const project = (): ProjectSpec =>
    ofKind(apps, "AppProject").find(({ metadata }) => metadata.name === name)?.spec as ProjectSpec;
  const members = () => applications().filter((application) => application.project === name);
  const objects = (): readonly Rendered[] => members().flatMap(({ source }) => objectsIn(source.path));
  /** Namespaces that CreateNamespace creates; the project has to permit them. */
  const namespaces = (): readonly string[] =>
    members()
      .filter(({ syncPolicy }) => syncPolicy.syncOptions.includes("CreateNamespace=true"))
      .map(({ destination }) => destination.namespace);

  test("permits only the kinds of its Applications and the kinds created from them", () => {
    const used = objects()
      .filter((object) => !isOfCluster(object))
      .map((object) => keyOf({ group: groupOf(object), kind: object.kind }));
    expect(project().namespaceResourceWhitelist.map(keyOf).toSorted()).toEqual(
      [...new Set([...used, ...children[name]])].toSorted(),
    );
  });

  test("permits only the cluster-scoped objects that it needs, by name", () => {
    const used = objects()
      .filter(isOfCluster)
      .map((object) => ({ group: groupOf(object), kind: object.kind, name: object.metadata.name }));
    const needed = [...used, ...namespaces().map((name) => ({ group: "", kind: "Namespace", name }))];
    const permitted = project().clusterResourceWhitelist;
    const covers = (rule: Kind, need: Kind): boolean =>
      keyOf(rule) === keyOf(need) && isLike(need.name ?? "", rule.name);
    expect(needed.filter((need) => !permitted.some((rule) => covers(rule, need)))).toEqual([]);
    expect(permitted.filter((rule) => !needed.some((need) => covers(rule, need)))).toEqual([]);
  });

  test("permits only the namespaces of its Applications", () => {
    const permitted = project().destinations.map(({ namespace }) => namespace);
    const used = members().flatMap(({ source, destination }) => [
      destination.namespace,
      ...objectsIn(source.path).flatMap(({ metadata }) => metadata.namespace ?? []),
    ]);
    expect(used.filter((namespace) => !permitted.some((glob) => isLike(namespace, glob)))).toEqual([]);
    expect(permitted.filter((glob) => !used.some((namespace) => isLike(namespace, glob)))).toEqual([]);
  });
});

describe("an environment of the app", () => {
  test("contains a valid DemoApp that may be applied before its CRD, and no Namespace", () => {
    for (const path of overlays()) {
      const demoApps = ofKind(path, "DemoApp");
      expect(demoApps.map((app) => validate(app).ok)).toEqual([true]);
      expect(demoApps.map(({ metadata }) => metadata.annotations)).toEqual([
        { "argocd.argoproj.io/sync-options": "SkipDryRunOnMissingResource=true" },
      ]);
      expect(ofKind(path, "Namespace")).toEqual([]);
    }
  });

  test("sets its replicas, unless an autoscaler targets the DemoApp", () => {
    for (const path of overlays()) {
      const scalers = ofKind(path, "HorizontalPodAutoscaler").map(({ spec }) => spec);
      const counts = ofKind(path, "DemoApp").map(({ spec }) => typeof Object(spec).replicas);
      expect([path, counts]).toEqual([path, [scalers.length === 0 ? "number" : "undefined"]]);
      const ref = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", name: "sre-demo-app" };
      for (const scaler of scalers) expect(scaler).toMatchObject({ scaleTargetRef: ref });
    }
  });
});

describe("Argo CD's installation", () => {
  const copy = "deploy/argocd/install/argo-cd.yaml";

  test("has the manifests of the pinned release; a changed copy is refused, and restored with an update", async () => {
    await checkArgoCd(root);
    const top = mkdtempSync(join(tmpdir(), "argocd-"));
    try {
      cpSync(join(root, copy), join(top, copy));
      appendFileSync(join(top, copy), "---\n");
      await expect(checkArgoCd(top)).rejects.toThrow("npm run manifests -- --update");
      await checkArgoCd(top, true);
      await checkArgoCd(top);
    } finally {
      rmSync(top, { recursive: true });
    }
  });

  const data = (name: string): Readonly<Record<string, string>> =>
    ofKind("deploy/argocd/install", "ConfigMap").find(({ metadata }) => metadata.name === name)?.data ?? {};

  test("keeps the settings of the official installation and adds those for DemoApps", () => {
    expect(Object.keys(data("argocd-cm"))).toEqual(
      expect.arrayContaining([
        "resource.exclusions",
        "resource.customizations.ignoreResourceUpdates.all",
        "resource.customizations.health.demoapp.dev_DemoApp",
        "resource.customizations.actions.demoapp.dev_DemoApp",
        "resource.customizations.health.argoproj.io_Application",
      ]),
    );
    expect(data("argocd-cmd-params-cm")["controller.resource.health.persist"]).toBe("true");
    expect(Object.keys(data("argocd-notifications-cm"))).toContain("trigger.rolled-back");
  });

  test("hides no kind that a DemoApp creates", () => {
    const hidden = data("argocd-cm")["resource.exclusions"] ?? "";
    const kinds = [...hidden.matchAll(/^ {2}- (\S+)$/gm)].map(([, kind]) => kind);
    expect(kinds).toContain("Lease");
    const shown = new Set(["DemoApp", ...children.demoapp.map((key) => basename(key))]);
    expect(kinds.filter((kind) => shown.has(kind ?? ""))).toEqual([]);
  });

  test("permits everyone to read, people on call to sync and to run actions of DemoApps, and nothing else", () => {
    const { "policy.demoapp.csv": policy = "", "policy.default": fallback } = data("argocd-rbac-cm");
    const grants = policy.split("\n").filter((line) => line.startsWith("p, "));
    expect(fallback).toBe("role:readonly");
    expect(grants.map((line) => line.split(", ").slice(1, 5).join(" "))).toEqual([
      "role:demoapp-on-call applications sync demoapp/*",
      "role:demoapp-on-call applications action/demoapp.dev/DemoApp/* demoapp/*",
    ]);
  });
});
