import { describe, expect, test } from "@jest/globals";
import { parseStored, validate } from "../../../operator/api/validate.ts";
import { asList, of } from "./documents/row.ts";

const identity = { namespace: "default", uid: "u", resourceVersion: "1", generation: 1 };
const stored = (pod: object, rest: object = {}) => {
  const document = of({ pod, ...rest });
  return { ...document, metadata: { ...(document["metadata"] as object), ...identity } };
};

/** Objects inside each other, as JSON: `levels` in all. */
const nested = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);
const sidecar = (fields: object) => ({ sidecars: [{ name: "proxy", ...fields }] });
const requests = (cpu: string) => ({ resources: { requests: { cpu } } });
const map = (count: number) =>
  Object.fromEntries(asList(count, (at) => [`k${at}`, "x"]) as [string, string][]);

describe("what the spec passes on to Kubernetes", () => {
  test.each<{ name: string; pod: object }>([
    { name: "200 variables in a sidecar", pod: sidecar({ env: asList(200, (at) => ({ name: `V${at}` })) }) },
    { name: "64 levels of affinity", pod: { affinity: nested(64) } },
    { name: "a text of 32768 characters", pod: sidecar({ args: ["a".repeat(32_768)] }) },
    { name: "a quantity of 32 digits", pod: sidecar(requests("9".repeat(32))) },
    { name: "200 labels", pod: { affinity: { matchLabels: map(200) } } },
  ])("$name: accepted", ({ pod }) => {
    expect(validate(of({ pod }))).toMatchObject({ ok: true });
  });

  test.each<{ name: string; pod: object; path: string; message: string }>([
    {
      name: "201 variables in a sidecar",
      pod: sidecar({ env: asList(201, (at) => ({ name: `V${at}` })) }),
      path: "spec.pod.sidecars[0].env",
      message: "must have at most 200 items: remove items or move them to a ConfigMap",
    },
    {
      name: "201 arguments of an init container",
      pod: { initContainers: [{ name: "prepare", args: asList(201, String) }] },
      path: "spec.pod.initContainers[0].args",
      message: "must have at most 200 items: remove items or move them to a ConfigMap",
    },
    {
      name: "201 labels in a map",
      pod: { affinity: { matchLabels: map(201) } },
      path: "spec.pod.affinity.matchLabels",
      message: "must have at most 200 items: remove items or move them to a ConfigMap",
    },
    {
      name: "65 levels of affinity",
      pod: { affinity: nested(65) },
      path: "spec.pod.affinity",
      message: "must have at most 64 levels: move the fields up",
    },
    {
      name: "9000 levels in a volume",
      pod: { volumes: [{ name: "a", csi: nested(9000) }] },
      path: "spec.pod.volumes[0]",
      message: "must have at most 64 levels: move the fields up",
    },
    {
      name: "a text of 32769 characters",
      pod: sidecar({ args: ["a".repeat(32_769)] }),
      path: "spec.pod.sidecars[0].args[0]",
      message: "may not be more than 32768 bytes: shorten the text",
    },
    {
      name: "a field name of 513 characters",
      pod: { lifecycle: { ["a".repeat(513)]: 1 } },
      path: "spec.pod.lifecycle",
      message: "the name of a field may not be more than 512 bytes: shorten the name",
    },
    {
      name: "a request of 33 digits in a sidecar",
      pod: sidecar(requests("9".repeat(33))),
      path: "spec.pod.sidecars[0].resources.requests.cpu",
      message: "a quantity may not be more than 32 bytes: write it with fewer digits",
    },
    {
      name: "the size of an emptyDir in 33 digits",
      pod: { volumes: [{ name: "a", emptyDir: { sizeLimit: "9".repeat(33) } }] },
      path: "spec.pod.volumes[0].emptyDir.sizeLimit",
      message: "a quantity may not be more than 32 bytes: write it with fewer digits",
    },
  ])("$name: refused with the field and the fix", ({ pod, path, message }) => {
    expect(validate(of({ pod }))).toEqual({ ok: false, problems: [{ path, message }] });
    expect(parseStored(stored(pod))).toEqual({ ok: false, problems: [{ path, message }] });
  });

  test("9000 levels beside a field of another schema version: a problem, without an exception", () => {
    expect(parseStored(stored({ affinity: nested(9000) }, { canary: {} }))).toMatchObject({
      ok: false,
      problems: [{ path: "spec.pod.affinity" }],
    });
  });

  test("a text without a bound in the stored object: no rule reads the text", () => {
    const port = { name: "a1".repeat(100_000), containerPort: 9000 };
    expect(parseStored(stored({ ports: [port] }))).toMatchObject({
      ok: false,
      problems: [{ path: "spec.pod.ports[0].name", message: "may not be more than 15 bytes" }],
    });
  });
});
