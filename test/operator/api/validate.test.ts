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
  test("fields are missing: their defaults are filled in", () => {
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

  test("a quantity is a number: read as a string", () => {
    const read = parseStored(stored({ image: "a:1", resources: { requests: { cpu: 1 } } }));
    expect(read).toMatchObject({ app: { spec: { resources: { requests: { cpu: "1" } } } } });
  });

  test("volumes and affinity: every nested field is kept", () => {
    const pod = {
      volumes: [{ name: "data", csi: { driver: "d", volumeAttributes: { a: "1" } } }],
      affinity: { a: { b: [1] } },
    };
    expect(parseStored(stored({ image: "a:1", pod }))).toMatchObject({ app: { spec: { pod } } });
  });

  test("fields of another schema version: left out of the result, kept in the object", () => {
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

  test("a larger history, which an older schema allowed: accepted, because the operator keeps fewer revisions", () => {
    const read = parseStored(stored({ image: "a:1", revisionHistoryLimit: 100 }));
    expect(read).toMatchObject({ ok: true, app: { spec: { revisionHistoryLimit: 100 } } });
  });

  test("values that only an older schema allowed: reported as problems", () => {
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
  ])("the object is %j: reported as invalid, without an exception", (object) => {
    expect(parseStored(object)).toMatchObject({ ok: false });
  });

  test("the status is invalid: left out, because the operator can rebuild it", () => {
    const read = parseStored(stored({ image: "a:1" }, { status: { phase: "Unheard", conditions: 1 } }));
    expect(read).toMatchObject({ ok: true });
    expect(read.ok && read.app.status).toBeUndefined();
  });

  test("the status is valid: kept", () => {
    const status = { phase: "Healthy", observedGeneration: 3, display: { ready: "2/2" } };
    expect(parseStored(stored({ image: "a:1" }, { status }))).toMatchObject({ ok: true, app: { status } });
  });

  test("texts of the status have as many emoji as characters are allowed: the status is kept", () => {
    const emoji = (count: number): string => "\u{1F600}".repeat(count);
    const status = { message: emoji(2048), display: { ready: emoji(32), image: emoji(512) } };
    expect(parseStored(stored({ image: "app:1" }, { status }))).toMatchObject({
      ok: true,
      app: { status },
    });
  });

  test("tolerationSeconds is the largest integer of 64 bits: read as one that JSON writes without rounding", () => {
    const text = '{"image":"a:1","pod":{"tolerations":[{"tolerationSeconds":9223372036854775807}]}}';
    const read = parseStored(stored(JSON.parse(text)));
    expect(read.ok && read.app.spec.pod?.tolerations).toEqual([
      { tolerationSeconds: Number.MAX_SAFE_INTEGER },
    ]);
  });
});

describe("a document checked offline", () => {
  test("an invalid status: accepted, because the API server ignores it too", () => {
    expect(validate(stored({ image: "a:1" }, { status: { phase: 1 } }))).toMatchObject({ ok: true });
  });

  test("the kind is not DemoApp: refused", () => {
    expect(validate({ ...stored({ image: "a:1" }), kind: "Deployment" })).toMatchObject({
      problems: [{ path: "kind", message: 'supported values: "DemoApp"' }],
    });
  });

  test("several problems: all are reported", () => {
    const checked = validate(stored({ image: "", port: 0, probes: { liveness: { path: "x" } }, foo: 1 }));
    expect(checked.ok ? [] : checked.problems.map(({ path }) => path).toSorted()).toEqual([
      "spec.foo",
      "spec.image",
      "spec.port",
      "spec.probes.liveness.path",
    ]);
  });
});
