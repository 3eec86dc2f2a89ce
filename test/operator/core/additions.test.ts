import { describe, expect, test } from "@jest/globals";
import { drift } from "../../../operator/core/diff.ts";
import type { FieldSet, Fields, Manifest } from "../../../operator/core/manifest.ts";
import {
  withManager,
  inContainer,
  inPod,
  live,
  service,
  desired,
  withContainer,
  withPod,
  withSpec,
} from "./driftobjects.ts";
import { applied, patched } from "./serverside.ts";

/** The live object after the writes that revert its drift. */
function reverted(object: Manifest, to: Manifest = desired): Manifest {
  const { apply, takeOver } = drift(object, to);
  return apply ? applied(patched(object, takeOver), to) : object;
}

const paths = (object: Manifest, to: Manifest = desired): readonly string[] =>
  drift(object, to).takeOver.map(({ path }) => path);

const ports = [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }];
const ofPort = (port: number) => ({
  "f:ports": { [`k:{"port":${port},"protocol":"TCP"}`]: { ".": {}, "f:port": {} } },
});

describe("additions by other managers", () => {
  test.each<{ name: string; dirty: Manifest; to?: Manifest }>([
    {
      name: "hostNetwork is added",
      dirty: withManager(
        withPod(live, (pod) => ({ ...pod, hostNetwork: true })),
        inPod({ "f:hostNetwork": {} }),
      ),
    },
    {
      name: "tolerations are added",
      dirty: withManager(
        withPod(live, (pod) => ({ ...pod, tolerations: [{ operator: "Exists" }] })),
        inPod({ "f:tolerations": {} }),
      ),
    },
    {
      name: "a container is added",
      dirty: withManager(
        withPod(live, (pod) => ({
          ...pod,
          containers: [{ name: "spy", image: "spy:1" }, ...pod.containers],
        })),
        inPod({ "f:containers": { 'k:{"name":"spy"}': { ".": {}, "f:name": {}, "f:image": {} } } }),
      ),
    },
    {
      name: "the only container of a pod is replaced",
      dirty: withManager(
        withPod(live, (pod) => ({
          ...pod,
          containers: pod.containers.map((c) => ({ ...c, name: "other" })),
        })),
        inPod({ "f:containers": { 'k:{"name":"other"}': { ".": {}, "f:name": {}, "f:image": {} } } }),
      ),
    },
    {
      name: "an environment variable is added",
      dirty: withManager(
        withContainer(live, (c) => ({
          ...c,
          env: [
            { name: "SPY", value: "1" },
            { name: "A", value: "1" },
          ],
        })),
        inContainer({ "f:env": { 'k:{"name":"SPY"}': { ".": {}, "f:name": {}, "f:value": {} } } }),
      ),
    },
    {
      name: "hostPID is added and owned by two managers",
      dirty: withManager(
        withManager(
          withPod(live, (pod) => ({ ...pod, hostPID: true })),
          inPod({ "f:hostPID": {} }),
        ),
        inPod({ "f:hostPID": {} }),
        "helm",
      ),
    },
    {
      name: "the only port of a Service is replaced",
      dirty: withManager(
        withSpec(applied(undefined, service), { ports: [{ ...ports[0], port: 81 }] }),
        ofPort(81),
      ),
      to: service,
    },
  ])("$name: the operator restores the desired spec", ({ dirty, to = desired }) => {
    const clean = reverted(dirty, to);
    expect(clean["spec"]).toEqual(to === desired ? live["spec"] : applied(undefined, to)["spec"]);
    expect(drift(clean, to)).toEqual({ apply: false, takeOver: [], ofSpec: false, byOthers: false });
  });
});

describe("map keys with the names of inherited JavaScript properties", () => {
  test.each(["constructor", "toString", "valueOf", "__proto__"])("%s is added: the key is removed", (key) => {
    const added = JSON.parse(`{"${key}":"x"}`) as Fields;
    const node = withManager(
      withPod(live, (pod) => ({ ...pod, nodeSelector: { disk: "ssd", ...added } })),
      inPod({ "f:nodeSelector": JSON.parse(`{"f:${key}":{}}`) as FieldSet }),
    );
    expect(drift(node, desired)).toMatchObject({ apply: true, ofSpec: true });
    expect(paths(node)).toContain("/metadata/managedFields/0/fieldsV1/f:spec");
    const liveService = applied(undefined, service);
    const { selector } = liveService["spec"] as { selector: Fields };
    const extended = withManager(withSpec(liveService, { selector: { ...selector, ...added } }), {
      "f:selector": {},
    });
    expect(drift(extended, service).apply).toBe(true);
  });

  test("constructor is desired but missing: the operator applies the desired object", () => {
    const to = withPod(desired, (pod) => ({ ...pod, nodeSelector: { disk: "ssd", constructor: "x" } }));
    expect(drift(live, to).apply).toBe(true);
    expect(drift(applied(live, to), to).apply).toBe(false);
  });
});

describe("take-over of added fields", () => {
  const dirty = withManager(
    withPod(live, (pod) => ({ ...pod, hostPID: true })),
    inPod({ "f:hostPID": {} }),
  );

  test("another manager added a field: one patch moves its ownership to the operator", () => {
    const own = live.metadata.managedFields?.length ?? 0;
    expect(paths(dirty)).toEqual([
      "/metadata/resourceVersion",
      "/metadata/managedFields/0/fieldsV1/f:spec",
      `/metadata/managedFields/${own}/fieldsV1/f:spec`,
    ]);
    expect(drift(dirty, desired).takeOver[1]).toMatchObject({
      value: { "f:template": { "f:spec": { "f:hostPID": {}, "f:containers": expect.anything() as Fields } } },
    });
  });

  test("the object can change after it was read: the patch requires the resourceVersion that was read", () => {
    expect(drift(dirty, desired).takeOver[0]).toEqual({
      op: "replace",
      path: "/metadata/resourceVersion",
      value: "7",
    });
  });

  test("another manager owns a field that the object does not have: no patch", () => {
    expect(paths(withManager(live, inPod({ "f:hostPID": {} })))).toEqual([]);
  });

  test("a Service is adopted that the operator never applied: the patch adds its managedFields entry", () => {
    const foreign = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { ports: [{ port: 81, protocol: "TCP" }] },
    };
    const adopted = withManager(foreign, ofPort(81));
    expect(paths(adopted, service)).toEqual([
      "/metadata/resourceVersion",
      "/metadata/managedFields/-",
      "/metadata/managedFields/0/fieldsV1/f:spec",
    ]);
    expect(reverted(adopted, service)["spec"]).toEqual(service["spec"]);
  });
});
