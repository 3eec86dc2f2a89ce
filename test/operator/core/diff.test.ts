import { describe, expect, test } from "@jest/globals";
import { drift } from "../../../operator/core/diff.ts";
import { includes } from "../../../operator/core/includes.ts";
import { withoutDefaults } from "../../../operator/core/hash.ts";
import type { Fields, Manifest } from "../../../operator/core/manifest.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { renderPodTemplate } from "../../../operator/core/render/pod.ts";
import {
  appSpec,
  observation,
  desired,
  service,
  withSpec,
  withTemplate,
  withPod,
  withContainer,
  withManager,
  inPod,
  inContainer,
  live,
} from "./driftobjects.ts";
import { app } from "./objects.ts";
import { applied } from "./serverside.ts";
import { deploymentInput } from "./situations.ts";

const none = { apply: false, takeOver: [], ofSpec: false, byOthers: false };

describe("fields that are not drift", () => {
  test.each<{ name: string; live: Manifest; to?: Manifest }>([
    { name: "a Deployment is as the operator applied it", live },
    { name: "a Service is as the operator applied it", live: applied(undefined, service), to: service },
    {
      name: "the API server rewrites quantities",
      live: withContainer(live, (c) => ({
        ...c,
        resources: { requests: { cpu: "0.1", memory: "128Mi" }, limits: { cpu: "1", memory: "1Gi" } },
      })),
    },
    {
      name: "the API server adds defaults",
      live: withPod(live, (pod) => ({
        ...pod,
        dnsPolicy: "ClusterFirst",
        schedulerName: "default-scheduler",
      })),
    },
    {
      name: "another manager owns the cluster IP and IP families of a Service",
      live: withManager(
        withSpec(applied(undefined, service), { clusterIP: "10.0.0.1", ipFamilies: ["IPv4"] }),
        {
          "f:clusterIP": {},
          "f:ipFamilies": {},
        },
      ),
      to: service,
    },
    {
      name: "kubectl rollout restart or an injector annotates the pod template",
      live: withManager(
        withTemplate(live, ({ metadata, ...template }) => ({
          ...template,
          metadata: { ...(metadata as Fields), annotations: { injected: "now" } },
        })),
        { "f:template": { "f:metadata": { "f:annotations": { "f:injected": {} } } } },
      ),
    },
    {
      name: "another manager annotates the object",
      live: { ...live, metadata: { ...live.metadata, annotations: { note: "1", team: "x" } } },
    },
    {
      name: "another manager owns a field that has the desired value",
      live: withManager(live, inContainer({ "f:image": {} })),
    },
    {
      name: "another manager owns a map that has only the desired keys",
      live: withManager(live, inPod({ "f:nodeSelector": {} })),
    },
    {
      name: "the Deployment controller writes the status",
      live: { ...withManager(live, {}), status: { replicas: 2 } },
    },
    {
      name: "the API server drops a zero from a field that the operator owns",
      live,
      to: withSpec(desired, { minReadySeconds: 0 }),
    },
  ])("$name: no drift", ({ live: object, to = desired }) => {
    expect(drift(object, to)).toEqual(none);
  });
});

describe("changed and removed fields", () => {
  test.each<{ name: string; live: Manifest }>([
    { name: "replicas differ", live: withSpec(live, { replicas: 7 }) },
    { name: "the image differs", live: withContainer(live, (c) => ({ ...c, image: "evil:1" })) },
    {
      name: "a resource limit differs",
      live: withContainer(live, (c) => ({ ...c, resources: { limits: { cpu: "2" } } })),
    },
    {
      name: "the value of an environment variable differs",
      live: withContainer(live, (c) => ({ ...c, env: [{ name: "A", value: "2" }] })),
    },
    { name: "an environment variable is removed", live: withContainer(live, (c) => ({ ...c, env: [] })) },
    { name: "a probe is removed", live: withContainer(live, (c) => ({ ...c, livenessProbe: undefined })) },
    {
      name: "automountServiceAccountToken is true instead of false",
      live: withPod(live, (pod) => ({ ...pod, automountServiceAccountToken: true })),
    },
    {
      name: "a sidecar is removed",
      live: withPod(live, (pod) => ({ ...pod, initContainers: [] })),
    },
    {
      name: "an annotation that the operator sets differs",
      live: { ...live, metadata: { ...live.metadata, annotations: { note: "2" } } },
    },
    {
      name: "the owner reference is removed",
      live: { ...live, metadata: { ...live.metadata, ownerReferences: [] } },
    },
  ])("$name: the operator applies the desired object", ({ live: object }) => {
    expect(drift(object, desired)).toMatchObject({ apply: true, takeOver: [] });
  });

  test("an applied field is no longer desired: the operator applies the desired object without it", () => {
    const { pod: _, ...rest } = appSpec;
    const template = renderPodTemplate(app(), rest);
    const next = renderDeployment(observation, deploymentInput(template, { annotations: { note: "1" } }));
    const bare = withPod(next, ({ nodeSelector: _selector, ...pod }) => pod);
    const kept = withPod(bare, (pod) => ({ ...pod, nodeSelector: { disk: "ssd" } }));
    const before = { ...kept, metadata: live.metadata };
    expect(drift(before, bare)).toMatchObject({ apply: true, takeOver: [] });
    expect(drift({ ...bare, metadata: applied(undefined, bare).metadata }, bare)).toEqual(none);
  });

  test("the desired port has no protocol, the live port has the default: no drift", () => {
    const owned = {
      "f:initContainers": {
        'k:{"name":"proxy"}': { "f:ports": { 'k:{"containerPort":9000,"protocol":"TCP"}': {} } },
      },
    };
    const entry = { manager: "demoapp-operator", operation: "Apply", fieldsV1: { "f:spec": inPod(owned) } };
    const proxy = { name: "proxy", image: "proxy:1", ports: [{ containerPort: 9000, protocol: "TCP" }] };
    const stored = withPod(live, (pod) => ({
      ...pod,
      initContainers: [{ ...(pod["initContainers"] as Fields[])[0], ...proxy }],
    }));
    expect(
      drift(
        { ...stored, metadata: { ...live.metadata, managedFields: [entry] } },
        withSpec(desired, { minReadySeconds: undefined }),
      ).apply,
    ).toBe(false);
  });

  test("another manager adds a key to an atomic map: the operator applies the desired object", () => {
    const narrowed = withManager(
      withSpec(applied(undefined, service), {
        selector: { ...(service["spec"] as { selector: Fields }).selector, version: "2" },
      }),
      { "f:selector": {} },
    );
    expect(drift(narrowed, service).apply).toBe(true);
    const pinned = withPod(live, (pod) => ({ ...pod, nodeSelector: { disk: "ssd", zone: "a" } }));
    expect(drift(withManager(pinned, inPod({ "f:nodeSelector": {} })), desired).apply).toBe(true);
  });
});

test("a list has another order: it differs only if it is a list without merge keys", () => {
  expect(includes({ args: ["a", "b"] }, { args: ["b", "a"] })).toBe(false);
  expect(includes({ args: ["a", "b"] }, { args: ["a"] })).toBe(false);
  const [a, b] = [{ name: "a" }, { name: "b" }];
  expect(includes({ volumes: [a, b] }, { volumes: [b, a] })).toBe(true);
});

test("a quantity has another spelling: no difference; a label with the name of a quantity's field differs", () => {
  const ref = (divisor: string) => ({ resourceFieldRef: { divisor } });
  expect(includes({ emptyDir: { sizeLimit: "1Gi" } }, { emptyDir: { sizeLimit: "1024Mi" } })).toBe(true);
  expect(includes(ref("1"), ref("1000m"))).toBe(true);
  expect(includes({ requests: { "acme.com/card": "1k" } }, { requests: { "acme.com/card": 1000 } })).toBe(
    true,
  );
  // The API server rounds up to thousandths.
  expect(includes({ limits: { cpu: "1m" } }, { limits: { cpu: "100u" } })).toBe(true);
  for (const name of ["sizeLimit", "divisor", "requests"])
    expect(includes({ labels: { [name]: "1" } }, { labels: { [name]: "1000m" } })).toBe(false);
});

test("fields equal their defaults: withoutDefaults drops them and objects that become empty", () => {
  const defaults = { a: 1, b: { c: [], d: { e: "x" } } };
  expect(withoutDefaults({ a: 1, b: { c: [], d: { e: "x" } } }, defaults)).toEqual({});
  expect(withoutDefaults({ a: 2, b: { c: [1], d: {} }, f: {} }, defaults)).toEqual({
    a: 2,
    b: { c: [1], d: {} },
    f: {},
  });
});
