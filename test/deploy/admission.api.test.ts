import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ApiClient } from "../../operator/runtime/client.ts";
import { until } from "../../tools/cluster/command.ts";
import { kubectl } from "../../tools/cluster/kubectl.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { clusterWide, freshNamespace, kinds, removeNamespace } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";
import {
  admissionPolicies,
  annotations,
  applyPolicies,
  childrenOf,
  deployment,
  operatorUser,
  ours,
  ownerOf,
  protectedLabels,
  revision,
  service,
} from "../support/admission.ts";
import { apiServer } from "../support/api-server.ts";

let cluster: Cluster;
let client: ApiClient;
let namespace: string;

const policies = clusterWide(
  "admissionregistration.k8s.io",
  "validatingadmissionpolicies",
  "ValidatingAdmissionPolicy",
);

/** A cluster administrator: the policies bind every user. */
const alice = "alice";
const collector = "system:serviceaccount:kube-system:generic-garbage-collector";

const inNamespace = (args: readonly string[], input?: string): Promise<string> =>
  kubectl(cluster, ["-n", namespace, ...args], input);
/** Runs kubectl as a user who has every permission. */
const as = (user: string, args: readonly string[], object?: object): Promise<string> =>
  inNamespace([`--as=${user}`, "--as-group=system:masters", ...args], object && JSON.stringify(object));

/** Creates the DemoApp `web` and, as the operator does, its objects. */
async function install(): Promise<void> {
  const app = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata: { name: "web", namespace } };
  const { metadata } = await client.create(kinds.DemoApp, { ...app, spec: { image: "web:1" } });
  for (const object of childrenOf(metadata.uid ?? "")) await as(operatorUser, ["create", "-f", "-"], object);
}

beforeAll(async () => {
  client = await apiServer();
  cluster = await testCluster("api");
  namespace = await freshNamespace(client, "admission", protectedLabels);
  await applyPolicies(cluster, namespace);
  await install();
  await as(alice, ["create", "-f", "-"], deployment("other", { labels: { app: "other" } }));
  await as(alice, ["create", "-f", "-"], service("other"));
});
afterAll(async () => {
  await removeNamespace(client, namespace);
  await client.close();
});

interface Row {
  readonly name: string;
  readonly by?: string;
  readonly run: readonly string[];
  readonly object?: object;
}

const create = ["create", "-f", "-"];
const apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=other", "-f", "-"];
const patch = (target: string, body: object): readonly string[] => [
  "patch",
  target,
  "--type=merge",
  `--patch=${JSON.stringify(body)}`,
];
const metadata = (fields: object): object => ({ metadata: fields });
const stranger = { apiVersion: "v1", kind: "ConfigMap", name: "pin", uid: "1" };

const messages = {
  labels: "Use other labels, or let a DemoApp create the object.",
  owners: "Leave out metadata.ownerReferences, or let a DemoApp create the object.",
  annotations: "Annotate the DemoApp instead, or change its spec.",
  revisions: "Change the DemoApp instead. You may delete a ControllerRevision.",
};

/** Writes by users, by the part of the object that is protected. */
const refused: Readonly<Record<keyof typeof messages, readonly Row[]>> = {
  labels: [
    { name: "creates a Deployment with our labels", run: create, object: deployment("x", { labels: ours }) },
    { name: "creates a Service with our labels", run: create, object: service("x", { labels: ours }) },
    { name: "creates a ControllerRevision", run: create, object: revision("x", { labels: ours }) },
    {
      name: "uses generateName",
      run: create,
      object: { ...service(""), metadata: { generateName: "web-", labels: ours } },
    },
    { name: "sets only a label demoapp.dev/*", run: ["label", "service/other", "demoapp.dev/hash=abc"] },
    {
      name: "adds the label later",
      run: ["label", "deployment/other", "app.kubernetes.io/managed-by=demoapp-operator"],
    },
    { name: "applies with another manager", run: apply, object: deployment("other", { labels: ours }) },
    { name: "removes our label", run: ["label", "deployment/web", "app.kubernetes.io/managed-by-"] },
    {
      name: "names another app",
      run: ["label", "--overwrite", "service/web", "app.kubernetes.io/name=other"],
    },
    {
      name: "writes labels of a Service through its status",
      run: [...patch("service/other", metadata({ labels: ours })), "--subresource=status"],
    },
  ],
  owners: [
    {
      name: "adds a DemoApp as owner",
      run: patch("deployment/other", metadata({ ownerReferences: [ownerOf("1", true)] })),
    },
    {
      name: "adds a DemoApp as owner that is not the controller",
      run: create,
      object: revision("x", { ownerReferences: [ownerOf("1", false)] }),
    },
    { name: "removes the owner", run: patch("service/web", metadata({ ownerReferences: null })) },
    {
      name: "adds an owner, so that the Deployment would outlive its DemoApp",
      run: [
        "patch",
        "deployment/web",
        "--type=json",
        `--patch=${JSON.stringify([{ op: "add", path: "/metadata/ownerReferences/-", value: stranger }])}`,
      ],
    },
  ],
  annotations: [
    {
      name: "changes the rollout",
      run: ["annotate", "--overwrite", "deployment/web", "demoapp.dev/rollout=9"],
    },
    { name: "removes the rollout", run: ["annotate", "deployment/web", "demoapp.dev/rollout-"] },
    { name: "adds an annotation", run: ["annotate", "deployment/other", "demoapp.dev/best=3"] },
    {
      name: "writes annotations through the status",
      run: [
        ...patch("deployment/web", metadata({ annotations: { "demoapp.dev/rollout": "9" } })),
        "--subresource=status",
      ],
    },
    { name: "creates a Service with one", run: create, object: service("x", { annotations }) },
  ],
  revisions: [
    { name: "changes the number", run: patch("controllerrevision/web", { revision: 9 }) },
    { name: "adds a label", run: ["label", "controllerrevision/web", "team=a"] },
    { name: "adds an annotation", run: ["annotate", "controllerrevision/web", "team=a"] },
    { name: "adds a finalizer", run: patch("controllerrevision/web", metadata({ finalizers: ["a/b"] })) },
  ],
};

const allowed: readonly Row[] = [
  { name: "scales the Deployment", run: ["scale", "deployment/web", "--replicas=3"] },
  { name: "edits the spec", run: ["set", "image", "deployment/web", "app=registry.local/web:2"] },
  { name: "edits the Service", run: patch("service/web", { spec: { sessionAffinity: "ClientIP" } }) },
  { name: "adds another label", run: ["label", "deployment/web", "team=a"] },
  { name: "adds another annotation", run: ["annotate", "service/web", "team=a"] },
  { name: "changes nothing of a revision", run: patch("controllerrevision/web", { revision: 1 }) },
  {
    name: "lets a DemoApp adopt a Service",
    run: ["annotate", "service/other", "demoapp.dev/adopt-by=web"],
  },
  { name: "creates another Deployment", run: create, object: deployment("x", { labels: { app: "x" } }) },
  {
    name: "creates a ControllerRevision of another tool",
    run: create,
    object: revision("x", {
      labels: { "app.kubernetes.io/managed-by": "other", "app.kubernetes.io/name": "x" },
    }),
  },
  { name: "deletes a ControllerRevision", run: ["delete", "controllerrevision/web"] },
  { name: "deletes the Service", run: ["delete", "service/web"] },
  {
    name: "writes our labels",
    by: operatorUser,
    run: ["label", "service/other", "app.kubernetes.io/managed-by=demoapp-operator"],
  },
  {
    name: "removes owners",
    by: collector,
    run: patch("controllerrevision/web", metadata({ ownerReferences: null })),
  },
];

/** The same writes to the Deployment and the Service of a candidate. */
const onCandidate = (rows: readonly Row[]): readonly Row[] =>
  rows.flatMap(({ name, run }) => {
    const renamed = run.map((word) =>
      word.replace(/^deployment\/web$/, "$&-candidate").replace(/^service\/web$/, "$&-preview"),
    );
    return renamed.join() === run.join() ? [] : [{ name: `${name} of a candidate`, run: renamed }];
  });

const dryRun = (run: readonly string[]): readonly string[] => [...run, "--dry-run=server"];

describe("the policy for other users", () => {
  test("has no type errors", async () => {
    for (const { metadata } of (await admissionPolicies(cluster)).filter(
      ({ kind }) => kind === policies.kind,
    )) {
      const status = await until("the policy is checked", 30_000, async () => {
        const live = await client.get(policies, metadata);
        const { status } = live as { status?: { observedGeneration?: number; typeChecking?: object } };
        return status?.observedGeneration === live.metadata.generation ? status : undefined;
      });
      expect(status?.typeChecking ?? {}).toEqual({});
    }
  });

  for (const part of ["labels", "owners", "annotations", "revisions"] as const)
    test.each([...refused[part], ...onCandidate(refused[part])])(
      `${part}: a user $name: refused`,
      async ({ run, object }) => {
        await expect(as(alice, dryRun(run), object)).rejects.toThrow(messages[part]);
      },
    );

  test.each(allowed)("$name: allowed", async ({ by = alice, run, object }) => {
    await expect(as(by, dryRun(run), object)).resolves.toEqual(expect.any(String));
  });

  test("kubectl rollout restart: allowed", async () => {
    await as(alice, ["rollout", "restart", "deployment/web"]);
  });
});
