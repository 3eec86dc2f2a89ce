import { describe, expect, test } from "@jest/globals";
import { drift, includes } from "../../../operator/core/diff.ts";
import { withoutDefaults } from "../../../operator/core/hash.ts";
import type { Fields, Manifest } from "../../../operator/core/manifest.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { renderPodTemplate } from "../../../operator/core/render/pod.ts";
import {
  document,
  o,
  wanted,
  service,
  withSpec,
  withTemplate,
  withPod,
  withContainer,
  claimed,
  inPod,
  inContainer,
  live,
} from "./driftobjects.ts";
import { app } from "./objects.ts";
import { applied } from "./serverside.ts";

const none = { apply: false, takeOver: [], ofSpec: false };

describe("no drift", () => {
  test.each<{ name: string; live: Manifest; wanted?: Manifest }>([
    { name: "what was applied", live },
    { name: "a Service as it was applied", live: applied(undefined, service), wanted: service },
    {
      name: "quantities in the API server's spelling",
      live: withContainer(live, (c) => ({
        ...c,
        resources: { requests: { cpu: "0.1", memory: "128Mi" }, limits: { cpu: "1", memory: "1Gi" } },
      })),
    },
    {
      name: "defaults that the API server filled in",
      live: withPod(live, (pod) => ({
        ...pod,
        dnsPolicy: "ClusterFirst",
        schedulerName: "default-scheduler",
      })),
    },
    {
      name: "the cluster IP and families of a Service, whoever asked for them",
      live: claimed(withSpec(applied(undefined, service), { clusterIP: "10.0.0.1", ipFamilies: ["IPv4"] }), {
        "f:clusterIP": {},
        "f:ipFamilies": {},
      }),
      wanted: service,
    },
    {
      name: "an annotation on the pod template, by kubectl rollout restart or an injector",
      live: claimed(
        withTemplate(live, ({ metadata, ...template }) => ({
          ...template,
          metadata: { ...(metadata as Fields), annotations: { injected: "now" } },
        })),
        { "f:template": { "f:metadata": { "f:annotations": { "f:injected": {} } } } },
      ),
    },
    {
      name: "labels and annotations of others on the object itself",
      live: { ...live, metadata: { ...live.metadata, annotations: { note: "1", team: "x" } } },
    },
    {
      name: "another manager's claim to a field that has our value",
      live: claimed(live, inContainer({ "f:image": {} })),
    },
    {
      name: "another manager's claim to a map that has our keys only",
      live: claimed(live, inPod({ "f:nodeSelector": {} })),
    },
    {
      name: "what the Deployment controller writes to status",
      live: { ...claimed(live, {}), status: { replicas: 2 } },
    },
    {
      name: "a zero that the API server drops, as long as it is still ours",
      live,
      wanted: withSpec(wanted, { minReadySeconds: 0 }),
    },
  ])("$name", ({ live: object, wanted: expected = wanted }) => {
    expect(drift(object, expected)).toEqual(none);
  });
});

describe("what was changed or taken away is applied again", () => {
  test.each<{ name: string; live: Manifest }>([
    { name: "replicas", live: withSpec(live, { replicas: 7 }) },
    { name: "the image", live: withContainer(live, (c) => ({ ...c, image: "evil:1" })) },
    { name: "a limit", live: withContainer(live, (c) => ({ ...c, resources: { limits: { cpu: "2" } } })) },
    {
      name: "a variable's value",
      live: withContainer(live, (c) => ({ ...c, env: [{ name: "A", value: "2" }] })),
    },
    { name: "a variable that is gone", live: withContainer(live, (c) => ({ ...c, env: [] })) },
    { name: "a probe that is gone", live: withContainer(live, (c) => ({ ...c, livenessProbe: undefined })) },
    {
      name: "a false that means something",
      live: withPod(live, (pod) => ({ ...pod, automountServiceAccountToken: true })),
    },
    {
      name: "a sidecar that is gone",
      live: withPod(live, (pod) => ({ ...pod, initContainers: [] })),
    },
    {
      name: "our own annotation on the object",
      live: { ...live, metadata: { ...live.metadata, annotations: { note: "2" } } },
    },
    {
      name: "our owner reference",
      live: { ...live, metadata: { ...live.metadata, ownerReferences: [] } },
    },
  ])("$name", ({ live: object }) => {
    expect(drift(object, wanted)).toMatchObject({ apply: true, takeOver: [] });
  });

  test("a field that we set and no longer want is taken back by applying without it", () => {
    const { pod: _, ...rest } = document;
    const template = renderPodTemplate(app(), rest);
    const next = renderDeployment(o, { template, annotations: { note: "1" }, restartedAt: undefined });
    const bare = withPod(next, ({ nodeSelector: _selector, ...pod }) => pod);
    const kept = withPod(bare, (pod) => ({ ...pod, nodeSelector: { disk: "ssd" } }));
    const before = { ...kept, metadata: live.metadata };
    expect(drift(before, bare)).toMatchObject({ apply: true, takeOver: [] });
    expect(drift({ ...bare, metadata: applied(undefined, bare).metadata }, bare)).toEqual(none);
  });

  test("not a port of ours whose protocol we leave to its default", () => {
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
        withSpec(wanted, { minReadySeconds: undefined }),
      ).apply,
    ).toBe(false);
  });

  test("a key that somebody adds to a map which has one owner, such as a selector", () => {
    const narrowed = claimed(
      withSpec(applied(undefined, service), {
        selector: { ...(service["spec"] as { selector: Fields }).selector, version: "2" },
      }),
      { "f:selector": {} },
    );
    expect(drift(narrowed, service).apply).toBe(true);
    const pinned = withPod(live, (pod) => ({ ...pod, nodeSelector: { disk: "ssd", zone: "a" } }));
    expect(drift(claimed(pinned, inPod({ "f:nodeSelector": {} })), wanted).apply).toBe(true);
  });
});

test("a list without keys is compared in order, and one with keys is not", () => {
  expect(includes({ args: ["a", "b"] }, { args: ["b", "a"] })).toBe(false);
  expect(includes({ args: ["a", "b"] }, { args: ["a"] })).toBe(false);
  const [a, b] = [{ name: "a" }, { name: "b" }];
  expect(includes({ volumes: [a, b] }, { volumes: [b, a] })).toBe(true);
});

test("leaving defaults out leaves out what is left empty by it, and nothing that is said", () => {
  const defaults = { a: 1, b: { c: [], d: { e: "x" } } };
  expect(withoutDefaults({ a: 1, b: { c: [], d: { e: "x" } } }, defaults)).toEqual({});
  expect(withoutDefaults({ a: 2, b: { c: [1], d: {} }, f: {} }, defaults)).toEqual({
    a: 2,
    b: { c: [1], d: {} },
    f: {},
  });
});
