import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { canonical, hashOf } from "../../../operator/core/hash.ts";
import { spec } from "./objects.ts";

type Fields = Readonly<Record<string, unknown>>;

const hash = (fields: Fields = {}): string => hashOf(spec(fields));

test("a hash is ten hex digits, and the same for the same document", () => {
  expect(hash()).toMatch(/^[0-9a-f]{10}$/);
  expect(hash({ env: [{ name: "A", value: "1" }] })).toBe(hash({ env: [{ name: "A", value: "1" }] }));
});

describe("what doesn't change a hash", () => {
  const probe = {
    path: "/health",
    timeoutSeconds: 1,
    failureThreshold: 3,
    successThreshold: 1,
  };
  test.each<{ name: string; fields: Fields }>([
    { name: "the number of replicas", fields: { replicas: 9 } },
    {
      name: "the strategy",
      fields: { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: "10%" } } },
    },
    { name: "the service's port", fields: { service: { port: 8081 } } },
    { name: "minReadySeconds", fields: { minReadySeconds: 15 } },
    { name: "the deadline", fields: { progressDeadlineSeconds: 60 } },
    { name: "whether it goes back by itself", fields: { rollback: { automatic: false } } },
    { name: "suspend", fields: { suspend: true } },
    {
      name: "a restart, which has a place of its own in the template",
      fields: { restartAt: "2026-01-01T00:00:00Z" },
    },
    { name: "the history limit", fields: { revisionHistoryLimit: 0 } },
    { name: "the default port", fields: { port: 8080 } },
    { name: "the default path of a probe", fields: { probes: { liveness: { path: "/health" } } } },
    { name: "one default number of a probe", fields: { probes: { readiness: { periodSeconds: 3 } } } },
    { name: "resources equal to the defaults", fields: { resources: { requests: { cpu: "100m" } } } },
    { name: "empty lists", fields: { env: [], envFrom: [] } },
    { name: "an empty pod", fields: { pod: {} } },
    {
      name: "every defaulted field at once, filled in with its default",
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
  ])("$name", ({ fields }) => {
    expect(hash(fields)).toBe(hash());
  });

  test("a default filled in within a startup probe", () => {
    const { startup, ...others } = spec({ probes: { startup: {} } }).probes;
    expect(hash({ probes: { ...others, startup: { ...startup, path: "/health" } } })).toBe(
      hash({ probes: { startup: {} } }),
    );
  });

  test("the order in which keys are written", () => {
    const labels = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[a-z]{0,8}$/));
    fc.assert(
      fc.property(labels, (map) => {
        const turned = Object.fromEntries(Object.entries(map).toReversed());
        expect(hash({ pod: { labels: turned } })).toBe(hash({ pod: { labels: map } }));
      }),
    );
  });
});

describe("what changes a hash", () => {
  test.each<{ name: string; fields: Fields }>([
    { name: "the image", fields: { image: "app:2" } },
    { name: "the port", fields: { port: 9090 } },
    { name: "a probe's path", fields: { probes: { liveness: { path: "/live" } } } },
    { name: "a probe's kind", fields: { probes: { liveness: { tcp: {} } } } },
    { name: "a probe that is off", fields: { probes: { liveness: { disabled: true } } } },
    { name: "a startup probe that is all defaults", fields: { probes: { startup: {} } } },
    { name: "a request", fields: { resources: { requests: { cpu: "99m" } } } },
    { name: "a request that raises the limit", fields: { resources: { requests: { cpu: "300m" } } } },
    { name: "an environment variable", fields: { env: [{ name: "A" }] } },
    { name: "a source of environment variables", fields: { envFrom: [{ secretRef: { name: "s" } }] } },
    { name: "a pod label", fields: { pod: { labels: { team: "a" } } } },
    { name: "a zero that is no default", fields: { pod: { terminationGracePeriodSeconds: 0 } } },
  ])("$name", ({ fields }) => {
    expect(hash(fields)).not.toBe(hash());
  });

  test("the order of environment variables, which may refer to earlier ones", () => {
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

describe("hashes recorded at a release are the same for ever: another one would restart every pod", () => {
  const file = readFileSync(`${import.meta.dirname}/hashes.json`, "utf8");
  const { recorded, documents } = JSON.parse(file) as Recorded;

  test.each(documents)(`${recorded}: $name`, ({ spec: document, hash: expected }) => {
    expect(hash(document)).toBe(expected);
  });

  test("no two of the documents share a hash", () => {
    expect(new Set(documents.map((document) => document.hash)).size).toBe(documents.length);
  });
});

test("canonical text tells values apart and nothing else", () => {
  expect(canonical({ b: [1, { d: null, c: "x" }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
