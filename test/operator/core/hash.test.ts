import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { canonical, hashOf } from "../../../operator/core/hash.ts";
import { spec } from "./objects.ts";

type Fields = Readonly<Record<string, unknown>>;

const hash = (fields: Fields = {}): string => hashOf(spec(fields));

test("two specs are equal: their hashes have ten hex digits and are equal", () => {
  expect(hash()).toMatch(/^[0-9a-f]{10}$/);
  expect(hash({ env: [{ name: "A", value: "1" }] })).toBe(hash({ env: [{ name: "A", value: "1" }] }));
});

describe("fields that don't affect pods, and fields with their default", () => {
  const probe = {
    path: "/health",
    timeoutSeconds: 1,
    failureThreshold: 3,
    successThreshold: 1,
  };
  test.each<{ name: string; fields: Fields }>([
    { name: "replicas change", fields: { replicas: 9 } },
    {
      name: "the strategy changes",
      fields: { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: "10%" } } },
    },
    { name: "the Service port changes", fields: { service: { port: 8081 } } },
    { name: "minReadySeconds changes", fields: { minReadySeconds: 15 } },
    { name: "the progress deadline changes", fields: { progressDeadlineSeconds: 60 } },
    { name: "automatic rollback is turned off", fields: { rollback: { automatic: false } } },
    { name: "the app is suspended", fields: { suspend: true } },
    {
      name: "a restart is requested",
      fields: { restartAt: "2026-01-01T00:00:00Z" },
    },
    { name: "the revision history limit changes", fields: { revisionHistoryLimit: 0 } },
    { name: "the default port is set", fields: { port: 8080 } },
    { name: "the default path of a probe is set", fields: { probes: { liveness: { path: "/health" } } } },
    { name: "the default period of a probe is set", fields: { probes: { readiness: { periodSeconds: 3 } } } },
    { name: "a default resource request is set", fields: { resources: { requests: { cpu: "100m" } } } },
    { name: "empty lists are set", fields: { env: [], envFrom: [] } },
    { name: "an empty pod is set", fields: { pod: {} } },
    {
      name: "all fields with a default are set to it",
      fields: {
        replicas: 2,
        port: 8080,
        service: { port: 80 },
        probes: {
          liveness: { ...probe, initialDelaySeconds: 10, periodSeconds: 5 },
          readiness: { ...probe, initialDelaySeconds: 5, periodSeconds: 3 },
        },
        resources: {
          requests: { cpu: "100m", memory: "128Mi" },
          limits: { cpu: "250m", memory: "256Mi" },
        },
        env: [],
        envFrom: [],
        minReadySeconds: 0,
        pod: {},
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
        progressDeadlineSeconds: 600,
        rollback: { automatic: true },
        suspend: false,
        restartAt: "",
        revisionHistoryLimit: 10,
      },
    },
  ])("$name: the hash stays the same", ({ fields }) => {
    expect(hash(fields)).toBe(hash());
  });

  test("a default is set in a startup probe: the hash stays the same", () => {
    const { startup, ...others } = spec({ probes: { startup: {} } }).probes;
    expect(hash({ probes: { ...others, startup: { ...startup, path: "/health" } } })).toBe(
      hash({ probes: { startup: {} } }),
    );
  });

  test("keys have another order: the hash stays the same", () => {
    const labels = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[a-z]{0,8}$/));
    fc.assert(
      fc.property(labels, (map) => {
        const reversed = Object.fromEntries(Object.entries(map).toReversed());
        expect(hash({ pod: { labels: reversed } })).toBe(hash({ pod: { labels: map } }));
      }),
    );
  });
});

describe("fields that affect pods", () => {
  test.each<{ name: string; fields: Fields }>([
    { name: "the image changes", fields: { image: "app:2" } },
    { name: "the port changes", fields: { port: 9090 } },
    { name: "a probe's path changes", fields: { probes: { liveness: { path: "/live" } } } },
    { name: "a probe's kind changes", fields: { probes: { liveness: { tcp: {} } } } },
    { name: "a probe is disabled", fields: { probes: { liveness: { disabled: true } } } },
    { name: "a startup probe with only defaults is added", fields: { probes: { startup: {} } } },
    { name: "a resource request changes", fields: { resources: { requests: { cpu: "99m" } } } },
    { name: "a resource request raises the limit", fields: { resources: { requests: { cpu: "300m" } } } },
    { name: "an environment variable is added", fields: { env: [{ name: "A" }] } },
    {
      name: "a source of environment variables is added",
      fields: { envFrom: [{ secretRef: { name: "s" } }] },
    },
    { name: "a pod label is added", fields: { pod: { labels: { team: "a" } } } },
    {
      name: "a field is set to 0, which is not its default",
      fields: { pod: { terminationGracePeriodSeconds: 0 } },
    },
  ])("$name: the hash changes", ({ fields }) => {
    expect(hash(fields)).not.toBe(hash());
  });

  test("environment variables have another order: the hash changes, as they can refer to earlier ones", () => {
    const [a, b] = [
      { name: "A", value: "1" },
      { name: "B", value: "$(A)" },
    ];
    expect(hash({ env: [a, b] })).not.toBe(hash({ env: [b, a] }));
  });
});

interface Recorded {
  readonly recorded: string;
  readonly documents: readonly { readonly name: string; readonly spec: Fields; readonly hash: string }[];
}

describe("hashes of releases, which must stay the same because a new hash restarts pods", () => {
  const file = readFileSync(`${import.meta.dirname}/hashes.json`, "utf8");
  const { recorded, documents } = JSON.parse(file) as Recorded;

  test.each(documents)(
    `$name, ${recorded}: the hash stays the same`,
    ({ spec: document, hash: expected }) => {
      expect(hash(document)).toBe(expected);
    },
  );

  test("all recorded specs differ: their hashes differ", () => {
    expect(new Set(documents.map((document) => document.hash)).size).toBe(documents.length);
  });
});

test("a JSON value: its canonical text has sorted keys and parses to an equal value", () => {
  expect(canonical({ b: [1, { d: null, c: "x" }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
