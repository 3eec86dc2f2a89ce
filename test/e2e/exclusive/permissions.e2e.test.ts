import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parseAllDocuments, stringify } from "yaml";
import { applyYaml, operatorName, operatorNamespace } from "../installation.ts";
import type { Request } from "../operator.ts";
import { TestNamespace } from "../testnamespace.ts";

let ns: TestNamespace;
let startedMs: number;

interface Role {
  readonly kind: string;
  readonly rules?: readonly Rule[];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const file = readFileSync(join(import.meta.dirname, "../../../deploy/operator/role.yaml"), "utf8");
const roles = parseAllDocuments(file).map((document) => document.toJS() as Role);

/** The permissions of the roles, as `list apps/deployments`. */
const granted = roles.flatMap(({ rules = [] }) =>
  rules.flatMap(({ apiGroups, resources, verbs }) =>
    verbs.flatMap((verb) =>
      apiGroups.flatMap((group) => resources.map((resource) => `${verb} ${group}/${resource}`)),
    ),
  ),
);

/** Permissions that no request uses, but admission plugins of other clusters check (see role.yaml). */
const withoutRequest: ReadonlySet<string> = new Set(["update demoapp.dev/demoapps/finalizers"]);

/** A watch streams the list. Only an API server that doesn't stream lists gets a request with the verb `list`. */
const isUsed = (permission: string, seen: ReadonlySet<string>): boolean =>
  seen.has(permission) || seen.has(permission.replace(/^list /, "watch "));

/** The permissions that a request needs. Server-side apply of a new object is a patch that also needs `create`. */
function permissionsOf({ verb, objectRef, responseStatus }: Request): readonly string[] {
  const { apiGroup = "", resource = "", subresource } = objectRef ?? {};
  const object = `${apiGroup}/${[resource, subresource].filter(Boolean).join("/")}`;
  return verb === "patch" && responseStatus?.code === 201
    ? [`patch ${object}`, `create ${object}`]
    : [`${verb} ${object}`];
}

beforeAll(async () => {
  ns = await TestNamespace.open("permissions", "exclusive");
  startedMs = Date.now();
});
afterAll(() => ns.close());

describe("the operator's roles", () => {
  test("every request of the operator: is allowed, and every permission is used", async () => {
    // Causes every kind of request: an election without a lease, a pruned history, repeated drift, and an unready pod.
    await ns.operator.scale(0);
    await ns.operator.deleteLease();
    await ns.operator.scale(2);
    const env = [{ name: "FAULT_NOT_READY", value: "true" }];
    await Promise.all([
      ns.apply("web", { revisionHistoryLimit: 1 }),
      ns.apply("not-ready", { env, replicas: 1 }),
    ]);
    await ns.healthy("web");
    for (const level of ["debug", "warn", "error"]) {
      await ns.apply("web", { revisionHistoryLimit: 1, env: [{ name: "LOG_LEVEL", value: level }] });
      await ns.healthy("web");
    }
    for (const replicas of ["1", "1"]) {
      await ns.kubectl("scale", "deployment", "web", `--replicas=${replicas}`);
      await ns.eventually("the drift is reverted", async () =>
        (await ns.deployment("web")).spec.replicas === 2 ? true : undefined,
      );
      await ns.healthy("web");
    }
    await ns.kubectl("set", "env", "deployment/web", "INTRUDER=1");
    await ns.until("not-ready", ({ status }) => status.blockers.some(({ reason }) => reason === "NotReady"));
    const used = await ns.eventually("every permission is used", async () => {
      const seen = new Set((await ns.operator.requests(startedMs)).flatMap(permissionsOf));
      const unused = granted.filter((one) => !isUsed(one, seen) && !withoutRequest.has(one));
      if (unused.length > 0) throw new Error(`no request used ${unused.join(", ")}`);
      return seen;
    });
    expect([...used].filter((one) => !granted.includes(one))).toEqual([]);
    const forbidden = (await ns.operator.requests(startedMs)).filter(
      ({ annotations }) => annotations?.["authorization.k8s.io/decision"] !== "allow",
    );
    expect(forbidden.flatMap(permissionsOf)).toEqual([]);
  });

  test("every binding: names the operator's service account and namespace", () => {
    const bindings = parseAllDocuments(file).map((document) => document.toJS() as { subjects?: object[] });
    for (const { subjects } of bindings.filter((one) => one.subjects !== undefined))
      expect(subjects).toEqual([
        { kind: "ServiceAccount", name: operatorName, namespace: operatorNamespace },
      ]);
  });
});

describe("the operator lacks a permission", () => {
  afterAll(() => applyYaml(ns.cluster, stringify(clusterRole())));

  const clusterRole = (): Role => roles.find(({ kind }) => kind === "ClusterRole") ?? { kind: "" };

  test("a blocker names the permission, and the app becomes healthy when the permission is granted", async () => {
    const role = clusterRole();
    const rules = (role.rules ?? []).map((rule) =>
      rule.resources.includes("services")
        ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== "patch" && verb !== "create") }
        : rule,
    );
    await applyYaml(ns.cluster, stringify({ ...role, rules }));
    await ns.apply("denied", { replicas: 1 });
    const { status } = await ns.until("denied", ({ status }) => status.phase === "Degraded");
    expect(status.blockers).toMatchObject([
      {
        object: "Service/denied",
        reason: "PermissionMissing",
        message: expect.stringContaining("cannot patch resource"),
        next: expect.stringContaining("deploy/operator"),
      },
    ]);
    await applyYaml(ns.cluster, stringify(role));
    await ns.healthy("denied");
  });
});
