import { describe, expect, test } from "@jest/globals";
import { childOf, isStub, manifestOf } from "../../../operator/controller/children.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { owner } from "../core/objects.ts";
import { deploymentOf, v1 } from "../core/situations.ts";

const metadata = { namespace: "team", name: "web", uid: "1", resourceVersion: "1", generation: 3 };
const long = "x".repeat(200_000);

/** The app's Deployment with other metadata and other fields. */
const deployment = (more: Partial<KubeObject["metadata"]> = {}, fields: object = {}): KubeObject => {
  const { apiVersion, kind, metadata: own, ...content } = deploymentOf(v1) as Manifest & KubeObject;
  return { apiVersion, kind, metadata: { ...own, ...metadata, ...more }, ...content, ...fields };
};

describe("the cache transform of Deployments and Services", () => {
  test("the Deployment of a DemoApp: kept with its content", () => {
    expect(childOf(deployment())).toEqual(manifestOf(deployment()));
    expect(isStub(childOf(deployment()))).toBe(false);
  });

  test.each<{ name: string; object: KubeObject }>([
    { name: "no owner", object: deployment({ ownerReferences: [] }) },
    {
      name: "an owner that is not its controller",
      object: deployment({ ownerReferences: [{ ...owner, controller: false }] }),
    },
    {
      name: "a controller of another kind",
      object: deployment({ ownerReferences: [{ ...owner, kind: "Rollout" }] }),
    },
    {
      name: "a controller of another group",
      object: deployment({ ownerReferences: [{ ...owner, apiVersion: "x/v1" }] }),
    },
    {
      name: "a controller with another name than the label",
      object: deployment({ ownerReferences: [{ ...owner, name: "api" }] }),
    },
    { name: "a name that is none of the app's objects", object: deployment({ name: "web-2" }) },
    { name: "a very large content", object: deployment({}, { spec: { template: long } }) },
    { name: "very many values", object: deployment({}, { spec: { list: Array<number>(10_000).fill(1) } }) },
  ])("an object with $name: keeps its name, owner and labels, and no content", ({ object }) => {
    const child = childOf(object);
    expect(isStub(child)).toBe(true);
    expect(child.metadata).toMatchObject({
      name: object.metadata.name,
      labels: { "demoapp.dev/track": "stable" },
    });
    expect(JSON.stringify(child).length).toBeLessThan(1500);
  });

  test("an object without content has large metadata: no text of a tenant is kept at its length", () => {
    const labels = { ...deployment().metadata.labels, other: "x" };
    const annotations = { "demoapp.dev/rollout": long, other: long };
    const ownerReferences = Array.from({ length: 100 }, () => ({ ...owner, name: long }));
    expect(JSON.stringify(childOf(deployment({ labels, annotations, ownerReferences }))).length).toBeLessThan(
      1500,
    );
  });

  test("metadata: keeps the labels and annotations that the operator reads, and those that an earlier apply set", () => {
    const applied = { "f:metadata": { "f:annotations": { "f:earlier": {} } } };
    const annotations = { "demoapp.dev/rollout": "1", earlier: "x", other: long };
    const managedFields = [{ manager: "demoapp-operator", operation: "Apply", fieldsV1: applied }];
    const { metadata: kept } = childOf(deployment({ annotations, managedFields }));
    expect(kept.annotations).toEqual({ "demoapp.dev/rollout": "1", earlier: "x" });
    expect(kept.managedFields).toMatchObject(managedFields);
  });

  test("managedFields: other managers keep only the fields of spec, and entries keep their index, which patches use", () => {
    const managedFields = [
      { manager: "kube-controller-manager", subresource: "status", fieldsV1: { "f:status": {} } },
      {
        manager: "kubectl",
        fieldsV1: { "f:spec": { "f:replicas": {} }, "f:metadata": { "f:annotations": {} } },
      },
    ];
    const { metadata: kept } = manifestOf(deployment({ managedFields }));
    expect(kept.managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ["kube-controller-manager", {}],
      ["kubectl", { "f:spec": { "f:replicas": {} } }],
    ]);
  });

  test("equal field sets of two objects: share one object in memory, unless they are very large", () => {
    const specOf = (size: number): unknown => {
      const fields = Object.fromEntries(Array.from({ length: size }, (_, index) => [`f:${index}`, {}]));
      const managedFields = [{ manager: "demoapp-operator", fieldsV1: { "f:spec": fields } }];
      return manifestOf(deployment({ managedFields })).metadata.managedFields?.[0]?.fieldsV1?.["f:spec"];
    };
    expect(specOf(3)).toBe(specOf(3));
    expect(specOf(3000)).toEqual(specOf(3000));
    expect(specOf(3000)).not.toBe(specOf(3000));
  });

  test("metadata of two apps: the field sets differ only in the owner references, and share the other parts", () => {
    const fieldsOf = (uid: string) => {
      const own = { "f:labels": { "f:a": {} }, "f:ownerReferences": { [`k:{"uid":"${uid}"}`]: {} } };
      const managedFields = [{ manager: "demoapp-operator", fieldsV1: { "f:metadata": own } }];
      const { metadata: kept } = manifestOf(deployment({ managedFields }));
      expect(kept.managedFields?.[0]?.fieldsV1).toEqual({ "f:metadata": own });
      return kept.managedFields?.[0]?.fieldsV1?.["f:metadata"];
    };
    expect(fieldsOf("1")?.["f:labels"]).toBe(fieldsOf("2")?.["f:labels"]);
  });

  test.each([
    { levels: 62, named: ["f:spec"] },
    { levels: 9000, named: [] },
  ])("managedFields have $levels levels below f:spec: the fields kept are $named", ({ levels, named }) => {
    const below = JSON.parse(`${'{"f:a":'.repeat(levels)}{}${"}".repeat(levels)}`) as object;
    const managedFields = [{ manager: "kubectl-edit", fieldsV1: { "f:spec": below } }];
    const [entry] = manifestOf(deployment({ managedFields })).metadata.managedFields ?? [];
    expect(Object.keys(entry?.fieldsV1 ?? {})).toEqual(named);
  });

  test.each<{ name: string; fieldsV1: unknown; kept: object }>([
    {
      name: "keys that are no JSON",
      fieldsV1: { "k:{": {}, "v:{": {}, "f:a": { "k:": {} } },
      kept: { "f:a": {} },
    },
    {
      name: "a key that is no object",
      fieldsV1: { "k:null": {}, "k:5": {}, "v:5": {} },
      kept: { "v:5": {} },
    },
    {
      name: "members of every object",
      fieldsV1: { constructor: {}, ["__proto__"]: {}, "f:constructor": {}, ".": {} },
      kept: { "f:constructor": {}, ".": {} },
    },
    {
      name: "values that are no objects",
      fieldsV1: { "f:a": null, "f:b": [1], "f:c": "x" },
      kept: { "f:a": {}, "f:b": {}, "f:c": {} },
    },
    { name: "no object at all", fieldsV1: "f:spec", kept: {} },
  ])("managedFields with $name: only what a field set can have is kept", ({ fieldsV1, kept }) => {
    const managedFields = [{ manager: "kubectl-edit", fieldsV1: { "f:spec": fieldsV1 as object } }];
    const [entry] = manifestOf(deployment({ managedFields })).metadata.managedFields ?? [];
    expect(entry?.fieldsV1?.["f:spec"] ?? {}).toEqual(kept);
  });

  test("an object has 4000 managers: the fields of the newest 200 and of the operator are kept", () => {
    const entryOf = (manager: string) => ({
      manager,
      operation: "Apply",
      fieldsV1: { "f:spec": { "f:replicas": {} } },
    });
    const others = Array.from({ length: 4000 }, (_, i) => entryOf(`manager-${i}`));
    const managedFields = [entryOf("demoapp-operator"), ...others];
    const kept = manifestOf(deployment({ managedFields })).metadata.managedFields ?? [];
    const isKept = kept.map(({ fieldsV1 = {} }) => Object.keys(fieldsV1).length > 0);
    expect(kept.length).toBe(4001);
    expect(isKept.lastIndexOf(false)).toBe(3800);
    expect(isKept.filter(Boolean).length).toBe(201);
  });
});

describe("an object changes", () => {
  const ofStatus = (time: string) => ({
    manager: "kube-controller-manager",
    operation: "Update",
    subresource: "status",
    time,
    fieldsV1: { "f:status": { "f:replicas": {} } },
  });
  const ofSpec = (manager: string, time = "2026-01-01T00:00:00Z") => ({
    manager,
    operation: "Apply",
    time,
    fieldsV1: { "f:spec": { "f:replicas": {} }, "f:metadata": { "f:labels": {} } },
  });
  const before = [ofSpec("demoapp-operator"), ofStatus("2026-01-01T00:00:00Z")];
  const previous = childOf(deployment({ managedFields: before }));
  const known = previous.metadata.managedFields;
  const after = (managedFields: readonly object[], fields: object = {}) => {
    const more = { resourceVersion: "2", managedFields } as Partial<KubeObject["metadata"]>;
    const object = structuredClone(deployment(more, fields));
    const next = childOf(object, previous);
    expect(next).toEqual(childOf(object));
    return next;
  };

  test("only the status: spec and managed fields are the objects of before, for which drift is known", () => {
    const next = after([before[0] ?? {}, ofStatus("2026-01-01T00:00:09Z")], { status: { replicas: 9 } });
    expect(next["spec"]).toBe(previous["spec"]);
    expect(next.metadata.managedFields).toBe(known);
    expect(next["status"]).toEqual({ replicas: 9 });
  });

  test.each([
    { name: "a new manager", managedFields: [...before, ofSpec("kubectl-edit")] },
    {
      name: "a write of the same fields",
      managedFields: [ofSpec("demoapp-operator", "2027"), ...before.slice(1)],
    },
    { name: "a manager that is gone", managedFields: before.slice(1) },
    {
      name: "other fields",
      managedFields: [{ ...ofSpec("demoapp-operator"), fieldsV1: {} }, ...before.slice(1)],
    },
  ])("$name: the managed fields are those of the new object", ({ managedFields }) => {
    const next = after(managedFields);
    expect(next.metadata.managedFields).not.toBe(known);
    expect(next["spec"]).toBe(previous["spec"]);
  });

  test("spec: that of the new object, with the managed fields of before", () => {
    const next = after(before, { spec: { replicas: 9 } });
    expect(next["spec"]).toEqual({ replicas: 9 });
    expect(next.metadata.managedFields).toBe(known);
  });
});
