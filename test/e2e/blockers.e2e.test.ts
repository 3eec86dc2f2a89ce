import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { applyYaml } from "./installation.ts";
import { blockerCases } from "./blockercases.ts";
import { TestNamespace } from "./testnamespace.ts";
import { installWebhooks } from "./webhook.ts";

let ns: TestNamespace;

const policyName = "e2e-deny";
const policies = (namespace: string): object[] => [
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: policyName },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] },
        ],
      },
      validations: [
        { expression: "object.metadata.name != 'policy'", message: "no Deployment may be called policy" },
      ],
    },
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: policyName },
    spec: {
      policyName,
      validationActions: ["Deny"],
      matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } },
    },
  },
];

const scaler = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "scaled" },
  spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "scaled" } },
};

/** Builds the web app's image with a user name instead of a numeric user id. */
async function buildWithNamedUser(): Promise<string> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "demoapp-user-"));
  const context = folder.path;
  const dockerfile = join(context, "Dockerfile");
  const [base] = ns.images.first.split("@");
  await writeFile(dockerfile, `FROM ${base}\nUSER nonroot\n`);
  return (await ns.cluster.build({ dockerfile, context, tag: "webapp:named-user" })).ref;
}

let removeWebhooks: () => Promise<void>;

beforeAll(async () => {
  // Pod Security level restricted would refuse a pod that runs as root, and the kubelet would not see the pod.
  ns = await TestNamespace.open("blockers", "e2e", "privileged");
  const { cluster, namespace } = ns;
  await applyYaml(
    cluster,
    policies(namespace)
      .map((policy) => stringify(policy))
      .join("---\n"),
  );
  removeWebhooks = await installWebhooks(cluster, namespace);
  const images: Readonly<Record<string, object>> = { "named-user": { image: await buildWithNamedUser() } };
  await ns.kubectl("create", "deployment", "taken", "--image=127.0.0.1:5000/pause:1");
  await ns.kubectl("create", "service", "clusterip", "taken-service", "--tcp=80");
  await ns.create(scaler);
  await ns.eventually("the policy is in force", async () => {
    const dry = ["create", "deployment", "policy", "--image=x", "--dry-run=server"];
    return ns.kubectl(...dry).then(
      () => undefined,
      () => true,
    );
  });
  await Promise.all(
    blockerCases.map(({ name, spec }) =>
      ns.apply(name, { replicas: 1, progressDeadlineSeconds: 60, ...spec, ...images[name] }),
    ),
  );
});
afterAll(async () => {
  await removeWebhooks();
  await ns.kubectl("delete", "validatingadmissionpolicy", policyName);
  await ns.kubectl("delete", "validatingadmissionpolicybinding", policyName);
  await ns.close();
});

describe("a first install is blocked: the blocker has the reason, the original message and the next action:", () => {
  test.each(blockerCases)("$name", async ({ name, reason, kind, message, next }) => {
    const { status } = await ns.until(name, ({ status: { blockers } }) =>
      blockers.some((blocker) => blocker.reason === reason && message.test(blocker.message)),
    );
    const found = status.blockers.find((blocker) => blocker.reason === reason);
    expect(found?.object).toMatch(new RegExp(kind === undefined ? `^Pod/${name}-` : `^${kind}/${name}$`));
    expect(found?.next).toMatch(next);
    expect(status.rejected).toEqual([]);
    await ns.eventually("an event has the reason", async () =>
      (await ns.events(name)).some((event) => event.reason === reason) ? true : undefined,
    );
  });

  test("the Service consents: it is adopted and keeps its cluster IP", async () => {
    const before = await ns.service("taken-service");
    await ns.kubectl("annotate", "service", "taken-service", "demoapp.dev/adopt-by=taken-service");
    await ns.healthy("taken-service");
    const after = await ns.service("taken-service");
    expect(after.spec.clusterIP).toBe(before.spec.clusterIP);
    expect(after.metadata.ownerReferences).toHaveLength(1);
  });
});
