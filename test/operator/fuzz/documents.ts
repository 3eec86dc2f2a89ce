import * as fc from "fast-check";
import type { Fields } from "../../sim/apiserver/json.ts";
import { json, jsonObject, looseTime, name, some, text, time, word, record } from "./values.ts";

const withoutBlanks = text.map((value) => value.replaceAll(/[ \t\n\f\r]/g, "").slice(0, 512) || "app:2");
const image = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom("app:1", "app:2", "app:3", `app@sha256:${"ab".repeat(32)}`) },
  { weight: 1, arbitrary: withoutBlanks },
);

const map = (key: fc.Arbitrary<string>, value: fc.Arbitrary<unknown>) =>
  fc.array(fc.tuple(key, value), { maxLength: 2 }).map((pairs) => Object.fromEntries(pairs) as Fields);
const labels = map(
  fc.constantFrom("a", "constructor", "example.com/toString"),
  fc.constantFrom("", "x", "constructor"),
);
const unique = (item: fc.Arbitrary<Fields>) =>
  fc.uniqueArray(item, { maxLength: 3, selector: (fields) => fields["name"] });

/** An item with a valid name and any other fields, as the schema allows for volumes and sidecars. */
const named = fc
  .tuple(name, jsonObject)
  .map(([own, fields]): Fields => ({ ...fields, name: own === "app" ? "b" : own }));
const env = fc
  .tuple(fc.constantFrom("A", "constructor", "__proto__", "B C"), text)
  .map(([own, value]): Fields => ({ name: own, value }));

/** One list as long as the schema allows. */
const large = fc
  .constantFrom(10, 200)
  .map((length) => Array.from({ length }, (_, i): Fields => ({ name: `V${i}`, value: String(i) })));

const pod = some({
  labels,
  annotations: map(
    word.filter((key) => key !== ""),
    text,
  ),
  nodeSelector: labels,
  affinity: jsonObject,
  topologySpreadConstraints: fc.array(jsonObject, { maxLength: 2 }),
  volumes: unique(named),
  sidecars: unique(named.map((item) => ({ ...item, name: `s-${String(item["name"])}`.slice(0, 63) }))),
  initContainers: unique(named),
  command: fc.array(text, { maxLength: 2 }),
  lifecycle: jsonObject,
  securityContext: jsonObject,
  containerSecurityContext: jsonObject,
  terminationGracePeriodSeconds: fc.constantFrom(0, 30, 31_536_000),
});

const percentage = fc.constantFrom<unknown>(0, 1, "25%", "100%", 1000);

const anySpec: fc.Arbitrary<Fields> = fc
  .tuple(
    image,
    some({
      replicas: fc.constantFrom(0, 1, 2, 3, 1000),
      minReadySeconds: fc.constantFrom(0, 15, 3600),
      progressDeadlineSeconds: fc.constantFrom(600, 3601, 86_400),
      revisionHistoryLimit: fc.constantFrom(0, 1, 10, 100),
      restartAt: time,
      rollback: record({ automatic: fc.boolean() }),
      strategy: record({ rollingUpdate: record({ maxSurge: percentage, maxUnavailable: percentage }) }),
      service: fc.constant({ port: 8443 }),
    }),
    fc.option(pod, { nil: undefined, freq: 3 }),
    fc.oneof(
      { weight: 30, arbitrary: fc.uniqueArray(env, { maxLength: 2, selector: (one) => one["name"] }) },
      { weight: 1, arbitrary: large },
    ),
    fc.constantFrom(false, false, false, false, false, false, false, true),
  )
  .map(([ownImage, fields, ownPod, variables, suspend]) => ({
    ...fields,
    image: ownImage,
    suspend,
    ...(ownPod && { pod: ownPod }),
    ...(variables.length > 0 && { env: variables }),
  }));

/**
 * Specs that the API server accepts, with as hostile values as the schema allows. Most cases share a spec with others,
 * because parsing, rendering and hashing a spec takes longer than everything else.
 */
export const spec: fc.Arbitrary<Fields> = fc.oneof(
  { weight: 11, arbitrary: fc.constantFrom(...fc.sample(anySpec, { seed: 1, numRuns: 60 })) },
  { weight: 1, arbitrary: anySpec },
);

/** Fields that a stored object can have after the schema has become stricter, or under a CRD of another version. */
export const unknownFields: fc.Arbitrary<Fields> = fc.oneof(
  { weight: 24, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: jsonObject },
  {
    weight: 1,
    arbitrary: some({
      replicas: json,
      image: json,
      env: json,
      pod: json,
      probes: json,
      strategy: json,
    }),
  },
);

const command = fc.oneof(fc.constantFrom("1", "2", "3", "4", "7", "true", "service"), text, looseTime);

/** Command annotations on the DemoApp, and annotations of others. */
export const annotations: fc.Arbitrary<Fields> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: some({
      "demoapp.dev/abort": command,
      "demoapp.dev/retry": command,
      "demoapp.dev/paused": command,
      "demoapp.dev/restart-at": command,
      "demoapp.dev/adopt": command,
      "demoapp.dev/adopt-by": command,
      constructor: text,
    }),
  },
);
