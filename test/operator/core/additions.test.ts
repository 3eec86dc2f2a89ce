import { describe, expect, test } from "@jest/globals";
import { drift } from "../../../operator/core/diff.ts";
import type { FieldSet, Fields, Manifest } from "../../../operator/core/manifest.ts";
import {
  claimed,
  inContainer,
  inPod,
  live,
  service,
  wanted,
  withContainer,
  withPod,
  withSpec,
} from "./driftobjects.ts";
import { applied, patched } from "./serverside.ts";

/** The live object after the writes that its drift asks for. */
function repaired(object: Manifest, to: Manifest = wanted): Manifest {
  const { apply, takeOver } = drift(object, to);
  return apply ? applied(patched(object, takeOver), to) : object;
}

const paths = (object: Manifest, to: Manifest = wanted): readonly string[] =>
  drift(object, to).takeOver.map(({ path }) => path);

const ports = [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }];
const ofPort = (port: number) => ({
  "f:ports": { [`k:{"port":${port},"protocol":"TCP"}`]: { ".": {}, "f:port": {} } },
});

describe("what others added goes, whatever it is", () => {
  test.each<{ name: string; dirty: Manifest; to?: Manifest }>([
    {
      name: "hostNetwork",
      dirty: claimed(
        withPod(live, (pod) => ({ ...pod, hostNetwork: true })),
        inPod({ "f:hostNetwork": {} }),
      ),
    },
    {
      name: "tolerations",
      dirty: claimed(
        withPod(live, (pod) => ({ ...pod, tolerations: [{ operator: "Exists" }] })),
        inPod({ "f:tolerations": {} }),
      ),
    },
    {
      name: "a container",
      dirty: claimed(
        withPod(live, (pod) => ({
          ...pod,
          containers: [{ name: "spy", image: "spy:1" }, ...pod.containers],
        })),
        inPod({ "f:containers": { 'k:{"name":"spy"}': { ".": {}, "f:name": {}, "f:image": {} } } }),
      ),
    },
    {
      name: "a container in place of the app's own, which can't be removed alone",
      dirty: claimed(
        withPod(live, (pod) => ({
          ...pod,
          containers: pod.containers.map((c) => ({ ...c, name: "other" })),
        })),
        inPod({ "f:containers": { 'k:{"name":"other"}': { ".": {}, "f:name": {}, "f:image": {} } } }),
      ),
    },
    {
      name: "a variable",
      dirty: claimed(
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
      name: "what two managers claim",
      dirty: claimed(
        claimed(
          withPod(live, (pod) => ({ ...pod, hostPID: true })),
          inPod({ "f:hostPID": {} }),
        ),
        inPod({ "f:hostPID": {} }),
        "helm",
      ),
    },
    {
      name: "another port in place of a Service's only one, which can't be removed alone",
      dirty: claimed(
        withSpec(applied(undefined, service), { ports: [{ ...ports[0], port: 81 }] }),
        ofPort(81),
      ),
      to: service,
    },
  ])("$name", ({ dirty, to = wanted }) => {
    const clean = repaired(dirty, to);
    expect(clean["spec"]).toEqual(to === wanted ? live["spec"] : applied(undefined, to)["spec"]);
    expect(drift(clean, to)).toEqual({ apply: false, takeOver: [], ofSpec: false });
  });
});

describe("a key that every JavaScript object inherits", () => {
  test.each(["constructor", "toString", "valueOf", "__proto__"])("%s: an added key is removed", (key) => {
    const added = JSON.parse(`{"${key}":"x"}`) as Fields;
    const node = claimed(
      withPod(live, (pod) => ({ ...pod, nodeSelector: { disk: "ssd", ...added } })),
      inPod({ "f:nodeSelector": JSON.parse(`{"f:${key}":{}}`) as FieldSet }),
    );
    expect(drift(node, wanted)).toMatchObject({ apply: true, ofSpec: true });
    expect(paths(node)).toContain("/metadata/managedFields/0/fieldsV1/f:spec");
    const liveService = applied(undefined, service);
    const { selector } = liveService["spec"] as { selector: Fields };
    const wide = claimed(withSpec(liveService, { selector: { ...selector, ...added } }), {
      "f:selector": {},
    });
    expect(drift(wide, service).apply).toBe(true);
  });

  test("a wanted key: its absence is drift", () => {
    const to = withPod(wanted, (pod) => ({ ...pod, nodeSelector: { disk: "ssd", constructor: "x" } }));
    expect(drift(live, to).apply).toBe(true);
    expect(drift(applied(live, to), to).apply).toBe(false);
  });
});

describe("taking over", () => {
  const dirty = claimed(
    withPod(live, (pod) => ({ ...pod, hostPID: true })),
    inPod({ "f:hostPID": {} }),
  );

  test("makes their fields ours and ends their claim, in one patch", () => {
    const own = live.metadata.managedFields?.length ?? 0;
    expect(paths(dirty)).toEqual([
      "/metadata/resourceVersion",
      "/metadata/managedFields/0/fieldsV1/f:spec",
      `/metadata/managedFields/${own}/fieldsV1/f:spec`,
    ]);
    expect(drift(dirty, wanted).takeOver[1]).toMatchObject({
      value: { "f:template": { "f:spec": { "f:hostPID": {}, "f:containers": expect.anything() as Fields } } },
    });
  });

  test("is refused by the API server if the object has changed since it was read", () => {
    expect(drift(dirty, wanted).takeOver[0]).toEqual({
      op: "replace",
      path: "/metadata/resourceVersion",
      value: "7",
    });
  });

  test("leaves a claim alone that names nothing that is there", () => {
    expect(paths(claimed(live, inPod({ "f:hostPID": {} })))).toEqual([]);
  });

  test("adds a claim of ours to an object that we never applied, as when a Service is adopted", () => {
    const theirs = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { ports: [{ port: 81, protocol: "TCP" }] },
    };
    const adopted = claimed(theirs, ofPort(81));
    expect(paths(adopted, service)).toEqual([
      "/metadata/resourceVersion",
      "/metadata/managedFields/-",
      "/metadata/managedFields/0/fieldsV1/f:spec",
    ]);
    expect(repaired(adopted, service)["spec"]).toEqual(service["spec"]);
  });
});
