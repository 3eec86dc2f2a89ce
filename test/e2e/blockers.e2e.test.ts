import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { applyYaml } from "./installation.ts";
import { rows } from "./obstacles.ts";
import { Scene } from "./scene.ts";
import { installWebhooks } from "./webhook.ts";

let scene: Scene;

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

/** The web app's image with a user that only has a name. */
async function withNamedUser(): Promise<string> {
  const context = await mkdtemp(join(tmpdir(), "demoapp-user-"));
  try {
    const dockerfile = join(context, "Dockerfile");
    const [base] = scene.images.first.split("@");
    await writeFile(dockerfile, `FROM ${base}\nUSER nonroot\n`);
    return (await scene.cluster.build({ dockerfile, context, tag: "webapp:named-user" })).ref;
  } finally {
    await rm(context, { recursive: true });
  }
}

let removeWebhooks: () => Promise<void>;

beforeAll(async () => {
  // Not restricted: Pod Security would refuse a pod that runs as root before the kubelet can.
  scene = await Scene.open("blockers", "privileged");
  const { cluster, namespace } = scene;
  await applyYaml(
    cluster,
    policies(namespace)
      .map((policy) => stringify(policy))
      .join("---\n"),
  );
  removeWebhooks = await installWebhooks(cluster, namespace);
  const images: Readonly<Record<string, object>> = { "named-user": { image: await withNamedUser() } };
  await scene.kubectl("create", "deployment", "taken", "--image=127.0.0.1:5000/pause:1");
  await scene.kubectl("create", "service", "clusterip", "taken-service", "--tcp=80");
  await scene.create(scaler);
  await scene.eventually("the policy is in force", async () => {
    const dry = ["create", "deployment", "policy", "--image=x", "--dry-run=server"];
    return scene.kubectl(...dry).then(
      () => undefined,
      () => true,
    );
  });
  await Promise.all(
    rows.map(({ name, spec }) =>
      scene.apply(name, { replicas: 1, progressDeadlineSeconds: 60, ...spec, ...images[name] }),
    ),
  );
});
afterAll(async () => {
  await removeWebhooks();
  await scene.kubectl("delete", "validatingadmissionpolicy", policyName);
  await scene.kubectl("delete", "validatingadmissionpolicybinding", policyName);
  await scene.close();
});

describe("what is in the way is named, in the words of whoever refuses, with what to do:", () => {
  test.each(rows)("$name", async ({ name, reason, object, message, next }) => {
    const { status } = await scene.until(name, ({ status: { blockers } }) =>
      blockers.some((blocker) => blocker.reason === reason && message.test(blocker.message)),
    );
    const found = status.blockers.find((blocker) => blocker.reason === reason);
    expect(found?.object).toMatch(object);
    expect(found?.next).toMatch(next);
    expect(status.rejected).toEqual([]);
    await scene.eventually("an event says so too", async () =>
      (await scene.events(name)).some((event) => event.reason === reason) ? true : undefined,
    );
  });

  test("a Service that the DemoApp is told to adopt is adopted, with its cluster IP", async () => {
    const before = await scene.service("taken-service");
    await scene.annotate("taken-service", "demoapp.dev/adopt=service");
    await scene.healthy("taken-service");
    const after = await scene.service("taken-service");
    expect(after.spec.clusterIP).toBe(before.spec.clusterIP);
    expect(after.metadata.ownerReferences).toHaveLength(1);
  });
});
