import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parseAllDocuments, stringify } from "yaml";
import { applyYaml, operatorName, operatorNamespace } from "../installation.ts";
import { type Role, causeEveryRequest, expectExactly } from "../../support/permissions.ts";
import { TestNamespace } from "../testnamespace.ts";

let ns: TestNamespace;
let startedMs: number;

const file = readFileSync(join(import.meta.dirname, "../../../deploy/operator/role.yaml"), "utf8");
const roles = parseAllDocuments(file).map((document) => document.toJS() as Role);

beforeAll(async () => {
  ns = await TestNamespace.open("permissions", "exclusive");
  startedMs = Date.now();
});
afterAll(() => ns.close());

describe("the operator's roles", () => {
  test("every request of the operator: is allowed, and every permission is used", async () => {
    // An election without a lease.
    await ns.operator.scale(0);
    await ns.operator.deleteLease();
    await ns.operator.scale(2);
    const unready = { env: [{ name: "FAULT_NOT_READY", value: "true" }] };
    await causeEveryRequest({ ns, apply: (name, spec) => ns.apply(name, spec), unready });
    await expectExactly(roles, ns, () => ns.operator.requests(startedMs));
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
