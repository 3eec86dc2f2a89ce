import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { stringify } from "yaml";
import { applyYaml } from "./installation.ts";
import { Scene } from "./scene.ts";

let scene: Scene;

const node = (script: string): object => ({ command: ["/nodejs/bin/node", "-e", script] });

interface Row {
  readonly name: string;
  readonly spec: object;
  readonly reason: string;
  readonly object: RegExp;
  /** The words of whoever refuses, and what a person is told to do. */
  readonly message: RegExp;
  readonly next: RegExp;
}

/** First installs that can't succeed, side by side: nothing is rejected, as there is nothing to go back to. */
const rows: readonly Row[] = [
  {
    name: "no-image",
    spec: { image: "127.0.0.1:5000/webapp:9.9.9" },
    reason: "ImageNotFound",
    object: /^Pod\/no-image-/,
    message: /not found/,
    next: /Push the image/,
  },
  {
    name: "no-registry",
    spec: { image: "127.0.0.1:5999/webapp:1" },
    reason: "ImagePullFailed",
    object: /^Pod\/no-registry-/,
    message: /connection refused/,
    next: /imagePullSecrets/,
  },
  {
    name: "crash-loop",
    spec: { env: [{ name: "PORT", value: "none" }] },
    reason: "CrashLoop",
    object: /^Pod\/crash-loop-/,
    message: /exit code \d+: .*PORT/s,
    next: /logs crash-loop-\S+ -c app --previous/,
  },
  {
    name: "root-user",
    spec: { pod: { securityContext: { runAsUser: 0 } } },
    reason: "RunsAsRoot",
    object: /^Pod\/root-user-/,
    message: /non-root/,
    next: /spec\.pod\.securityContext\.runAsUser/,
  },
  {
    name: "read-only",
    spec: { pod: node("require('fs').writeFileSync('/data', '')") },
    reason: "ReadOnlyRoot",
    object: /^Pod\/read-only-/,
    message: /EROFS/,
    next: /emptyDir/,
  },
  {
    name: "memory",
    spec: {
      pod: node("const a = []; for (;;) a.push(Buffer.alloc(1e6, 1))"),
      resources: { limits: { memory: "48Mi" } },
    },
    reason: "OutOfMemory",
    object: /^Pod\/memory-/,
    message: /memory/,
    next: /spec\.resources\.limits\.memory/,
  },
  {
    name: "not-ready",
    spec: { env: [{ name: "FAULT_NOT_READY", value: "true" }] },
    reason: "NotReady",
    object: /^Pod\/not-ready-/,
    message: /503/,
    next: /logs not-ready-/,
  },
  {
    name: "no-node",
    spec: { pod: { nodeSelector: { disk: "fast" } } },
    reason: "Unschedulable",
    object: /^Pod\/no-node-/,
    message: /0\/1 nodes are available/,
    next: /nodeSelector/,
  },
  {
    name: "no-secret",
    spec: { env: [{ name: "KEY", valueFrom: { secretKeyRef: { name: "gone", key: "key" } } }] },
    reason: "ConfigMissing",
    object: /^Pod\/no-secret-/,
    message: /secret "gone" not found/,
    next: /Create what the message names/,
  },
  {
    name: "no-config",
    spec: {
      pod: {
        volumes: [{ name: "files", configMap: { name: "lost" } }],
        volumeMounts: [{ name: "files", mountPath: "/files" }],
      },
    },
    reason: "ConfigMissing",
    object: /^Pod\/no-config-/,
    message: /configmap "lost" not found/,
    next: /spec\.pod\.volumes/,
  },
  {
    name: "no-account",
    spec: { pod: { serviceAccountName: "nobody" } },
    reason: "ServiceAccountMissing",
    object: /^Deployment\/no-account$/,
    message: /nobody/,
    next: /spec\.pod\.serviceAccountName/,
  },
  {
    name: "policy",
    spec: {},
    reason: "AdmissionRefused",
    object: /^Deployment\/policy$/,
    message: /no Deployment may be called policy/,
    next: /webhook or policy/,
  },
  {
    name: "taken",
    spec: {},
    reason: "NameTaken",
    object: /^Deployment\/taken$/,
    message: /exists already/,
    next: /delete deployment taken/,
  },
  {
    name: "taken-service",
    spec: {},
    reason: "NameTaken",
    object: /^Service\/taken-service$/,
    message: /exists already/,
    next: /annotate demoapp taken-service demoapp\.dev\/adopt=service/,
  },
  {
    name: "scaled",
    spec: {},
    reason: "ScalerOnDeployment",
    object: /^HorizontalPodAutoscaler\/scaled$/,
    message: /scales the Deployment/,
    next: /kind DemoApp, name scaled/,
  },
];

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
    rows.map(({ name, spec }) => scene.apply(name, { replicas: 1, progressDeadlineSeconds: 60, ...spec })),
  );
});
afterAll(async () => {
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
