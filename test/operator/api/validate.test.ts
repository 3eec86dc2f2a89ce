import { describe, expect, test } from "@jest/globals";
import { parseStored, validate } from "../../../operator/api/validate.ts";

const metadata = { name: "sample", namespace: "default", uid: "u", resourceVersion: "1", generation: 1 };
const stored = (spec: unknown, rest: object = {}) => ({
  apiVersion: "demoapp.dev/v1",
  kind: "DemoApp",
  metadata,
  spec,
  ...rest,
});

describe("an object read from the API server", () => {
  test("has its defaults filled in", () => {
    const { ok, ...read } = parseStored(stored({ image: "a:1" }));
    expect(ok).toBe(true);
    expect(read).toMatchObject({
      app: {
        spec: {
          image: "a:1",
          replicas: 2,
          port: 8080,
          service: { port: 80 },
          strategy: { type: "RollingUpdate" },
        },
      },
    });
  });

  test("keeps a quantity that is a number as text", () => {
    const read = parseStored(stored({ image: "a:1", resources: { requests: { cpu: 1 } } }));
    expect(read).toMatchObject({ app: { spec: { resources: { requests: { cpu: "1" } } } } });
  });

  test("keeps what is passed on to Kubernetes, to the last field", () => {
    const pod = {
      volumes: [{ name: "data", csi: { driver: "d", volumeAttributes: { a: "1" } } }],
      affinity: { a: { b: [1] } },
    };
    expect(parseStored(stored({ image: "a:1", pod }))).toMatchObject({ app: { spec: { pod } } });
  });

  test("may have fields of another version's schema, which are left out", () => {
    const object = stored({
      image: "a:1",
      canary: {},
      probes: { liveness: { http2: true } },
      env: [{ name: "A", secret: 1 }],
    });
    const read = parseStored(object);
    expect(read).toMatchObject({ ok: true });
    expect(JSON.stringify(read)).not.toMatch(/canary|http2|secret/);
    expect(object.spec).toHaveProperty("canary");
  });

  test("comes back as problems when an older schema allowed what this one doesn't", () => {
    expect(parseStored(stored({ image: "a b", replicas: 5000, more: true }))).toEqual({
      ok: false,
      problems: [
        { path: "spec.image", message: expect.stringContaining("must not have blanks") as unknown },
        { path: "spec.replicas", message: "should be less than or equal to 1000" },
      ],
    });
  });

  test.each([
    undefined,
    null,
    1,
    "text",
    [],
    {},
    { spec: null },
    stored(undefined),
    stored([]),
    stored({ env: { a: 1 } }),
  ])("is never the end of the operator, whatever it is: %j", (object) => {
    expect(parseStored(object)).toMatchObject({ ok: false });
  });

  test("loses a status that can't be read, for it can be rebuilt", () => {
    const read = parseStored(stored({ image: "a:1" }, { status: { phase: "Unheard", conditions: 1 } }));
    expect(read).toMatchObject({ ok: true });
    expect(read.ok && read.app.status).toBeUndefined();
  });

  test("keeps a status that can be read", () => {
    const status = { phase: "Healthy", observedGeneration: 3, display: { ready: "2/2" } };
    expect(parseStored(stored({ image: "a:1" }, { status }))).toMatchObject({ ok: true, app: { status } });
  });
});

describe("a document checked offline", () => {
  test("may carry a status, which the API server ignores too", () => {
    expect(validate(stored({ image: "a:1" }, { status: { phase: 1 } }))).toMatchObject({ ok: true });
  });

  test("is refused when it is of another kind", () => {
    expect(validate({ ...stored({ image: "a:1" }), kind: "Deployment" })).toMatchObject({
      problems: [{ path: "kind", message: 'supported values: "DemoApp"' }],
    });
  });

  test("gets all its problems told at once", () => {
    const checked = validate(stored({ image: "", port: 0, probes: { liveness: { path: "x" } }, foo: 1 }));
    expect(checked.ok ? [] : checked.problems.map(({ path }) => path).toSorted()).toEqual([
      "spec.foo",
      "spec.image",
      "spec.port",
      "spec.probes.liveness.path",
    ]);
  });
});
