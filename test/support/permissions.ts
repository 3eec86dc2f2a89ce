import { expect } from "@jest/globals";
import type { AppNamespace } from "../e2e/appnamespace.ts";
import type { Request } from "./audit.ts";

/** A role, or another object without rules. */
export interface Role {
  readonly kind: string;
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** The permissions of roles, as `list apps/deployments`. */
const grantedBy = (roles: readonly Role[]): readonly string[] =>
  roles.flatMap(({ rules = [] }) =>
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

export interface Exercise {
  readonly ns: AppNamespace;
  /** Applies a DemoApp. */
  readonly apply: (name: string, spec: object) => Promise<unknown>;
  /** Fields of a DemoApp whose pods don't become ready. */
  readonly unready: object;
}

/** Causes every kind of request but an election: a pruned history, a second pair of objects, repeated drift, a pod that is not ready. */
export async function causeEveryRequest({ ns, apply, unready }: Exercise): Promise<void> {
  await Promise.all([
    apply("web", { revisionHistoryLimit: 1 }),
    apply("not-ready", { ...unready, replicas: 1 }),
  ]);
  await ns.healthy("web");
  // Creates and deletes a second Deployment, as a canary does, and a second Service.
  const blueGreen = { type: "BlueGreen", blueGreen: { holdSeconds: 0 } };
  for (const [level, strategy] of [["debug"], ["warn"], ["error", blueGreen]] as const) {
    await apply("web", { revisionHistoryLimit: 1, strategy, env: [{ name: "LOG_LEVEL", value: level }] });
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
}

/** Waits until the requests have used every permission; the API server has allowed each request, and used no other. */
export async function expectExactly(
  roles: readonly Role[],
  ns: AppNamespace,
  requests: () => Promise<readonly Request[]>,
): Promise<void> {
  const granted = grantedBy(roles);
  const used = await ns.eventually("every permission is used", async () => {
    const seen = new Set((await requests()).flatMap(permissionsOf));
    const unused = granted.filter((one) => !isUsed(one, seen) && !withoutRequest.has(one));
    if (unused.length > 0) throw new Error(`no request used ${unused.join(", ")}`);
    return seen;
  });
  expect([...used].filter((one) => !granted.includes(one))).toEqual([]);
  const forbidden = (await requests()).filter(
    ({ annotations }) => annotations?.["authorization.k8s.io/decision"] !== "allow",
  );
  expect(forbidden.flatMap(permissionsOf)).toEqual([]);
}
