import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parseAllDocuments, stringify } from "yaml";
import { applyYaml, operatorName, operatorNamespace } from "./installation.ts";
import type { Request } from "./operator.ts";
import { Scene } from "./scene.ts";

let scene: Scene;
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

const file = readFileSync(join(import.meta.dirname, "../../deploy/operator/role.yaml"), "utf8");
const roles = parseAllDocuments(file).map((document) => document.toJS() as Role);

/** Each thing that the roles allow, as `list apps/deployments`. */
const granted = roles.flatMap(({ rules = [] }) =>
  rules.flatMap(({ apiGroups, resources, verbs }) =>
    verbs.flatMap((verb) =>
      apiGroups.flatMap((group) => resources.map((resource) => `${verb} ${group}/${resource}`)),
    ),
  ),
);

/** What the API server asks of other groups' admission plugins and not of a request (role.yaml says why). */
const withoutRequest: ReadonlySet<string> = new Set(["update demoapp.dev/demoapps/finalizers"]);

/** What a request needed. Server-side apply of a new object is a patch that also needs `create`. */
function needed({ verb, objectRef, responseStatus }: Request): readonly string[] {
  const { apiGroup = "", resource = "", subresource } = objectRef ?? {};
  const what = `${apiGroup}/${[resource, subresource].filter(Boolean).join("/")}`;
  return verb === "patch" && responseStatus?.code === 201
    ? [`patch ${what}`, `create ${what}`]
    : [`${verb} ${what}`];
}

beforeAll(async () => {
  scene = await Scene.open("permissions");
  startedMs = Date.now();
});
afterAll(() => scene.close());

describe("the operator's roles", () => {
  test("allow everything that it does, and nothing that it doesn't", async () => {
    // From an election without a lease to a history that is cut, repairs that repeat, and a pod that needs asking.
    await scene.operator.scale(0);
    await scene.operator.deleteLease();
    await scene.operator.scale(2);
    const env = [{ name: "FAULT_NOT_READY", value: "true" }];
    await Promise.all([
      scene.apply("web", { revisionHistoryLimit: 1 }),
      scene.apply("not-ready", { env, replicas: 1 }),
    ]);
    await scene.healthy("web");
    for (const level of ["debug", "warn", "error"]) {
      await scene.apply("web", { revisionHistoryLimit: 1, env: [{ name: "LOG_LEVEL", value: level }] });
      await scene.healthy("web");
    }
    for (const replicas of ["1", "1"]) {
      await scene.kubectl("scale", "deployment", "web", `--replicas=${replicas}`);
      await scene.eventually("it is repaired", async () =>
        (await scene.deployment("web")).spec.replicas === 2 ? true : undefined,
      );
      await scene.healthy("web");
    }
    await scene.kubectl("set", "env", "deployment/web", "INTRUDER=1");
    await scene.until("not-ready", ({ status }) =>
      status.blockers.some(({ reason }) => reason === "NotReady"),
    );
    const used = await scene.eventually("every rule is used", async () => {
      const seen = new Set((await scene.operator.requests(startedMs)).flatMap(needed));
      const unused = granted.filter((one) => !seen.has(one) && !withoutRequest.has(one));
      if (unused.length > 0) throw new Error(`no request used ${unused.join(", ")}`);
      return seen;
    });
    expect([...used].filter((one) => !granted.includes(one))).toEqual([]);
    const forbidden = (await scene.operator.requests(startedMs)).filter(
      ({ annotations }) => annotations?.["authorization.k8s.io/decision"] !== "allow",
    );
    expect(forbidden.flatMap(needed)).toEqual([]);
  });

  test("name the operator's own service account and namespace", () => {
    const bindings = parseAllDocuments(file).map((document) => document.toJS() as { subjects?: object[] });
    for (const { subjects } of bindings.filter((one) => one.subjects !== undefined))
      expect(subjects).toEqual([
        { kind: "ServiceAccount", name: operatorName, namespace: operatorNamespace },
      ]);
  });
});

describe("a permission that the operator lacks", () => {
  afterAll(() => applyYaml(scene.cluster, stringify(clusterRole())));

  const clusterRole = (): Role => roles.find(({ kind }) => kind === "ClusterRole") ?? { kind: "" };

  test("is named in the app's blockers, and nothing waits for it once it is there", async () => {
    const role = clusterRole();
    const rules = (role.rules ?? []).map((rule) =>
      rule.resources.includes("services")
        ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== "patch" && verb !== "create") }
        : rule,
    );
    await applyYaml(scene.cluster, stringify({ ...role, rules }));
    await scene.apply("denied", { replicas: 1 });
    const { status } = await scene.until("denied", ({ status }) => status.phase === "Degraded");
    expect(status.blockers).toMatchObject([
      {
        object: "Service/denied",
        reason: "PermissionMissing",
        message: expect.stringContaining("cannot patch resource"),
        next: expect.stringContaining("deploy/operator"),
      },
    ]);
    await applyYaml(scene.cluster, stringify(role));
    await scene.healthy("denied");
  });
});
