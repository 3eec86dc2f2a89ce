import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { labels } from "../../../operator/api/names.ts";
import { compareQuantities } from "../../../operator/api/quantity.ts";
import type { DemoAppSpec } from "../../../operator/api/schema.ts";
import { impliedPod } from "../../../operator/core/defaults.ts";
import { canonicalHashOf, hashOf } from "../../../operator/core/hash.ts";
import type { Fields } from "../../../operator/core/manifest.ts";
import type { ObservedApp, Outcome, Revision } from "../../../operator/core/observed.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { renderPodTemplate } from "../../../operator/core/render/pod.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { requestedOf } from "../../../operator/core/revisions.ts";
import { app, observed, revision, spec } from "./objects.ts";
import { deploymentInput, planOf, deploymentOf, observedApp } from "./situations.ts";

/** A spec with a quantity at every place where a spec can have one, in the given spellings. */
function specWith(quantities: readonly string[]): DemoAppSpec {
  const [cpu, memory, sidecar, init, size, claim, divisor, file, share] = quantities;
  const claimSpec = { resources: { requests: { storage: claim } } };
  const ofResource = (value: unknown) => ({ resourceFieldRef: { resource: "limits.cpu", divisor: value } });
  return spec({
    resources: { limits: { cpu, memory, "ephemeral-storage": share } },
    env: [{ name: "LIMIT", valueFrom: ofResource(divisor) }],
    pod: {
      labels: { sizeLimit: "1000m", divisor: "1" },
      sidecars: [{ name: "proxy", image: "proxy:1", resources: { requests: { cpu: sidecar } } }],
      initContainers: [{ name: "init", image: "init:1", resources: { limits: { cpu: init } } }],
      volumes: [
        { name: "cache", emptyDir: { sizeLimit: size } },
        { name: "data", ephemeral: { volumeClaimTemplate: { spec: claimSpec } } },
        { name: "info", downwardAPI: { items: [{ path: "limit", ...ofResource(file) }] } },
        {
          name: "all",
          projected: { sources: [{ downwardAPI: { items: [{ path: "a", ...ofResource(file) }] } }] },
        },
      ],
    },
  });
}
const places = 9;

/** Spellings of an amount of thousandths. */
const spellings = (milli: number): readonly string[] => [
  `${milli}m`,
  `${milli * 1000}u`,
  `${milli}e-3`,
  `+${milli}.0m`,
  (milli / 1000).toFixed(3),
  ...(milli % 1000 === 0 ? [`${milli / 1000}`, `${milli / 1000}.`] : []),
  ...(milli % 1_024_000 === 0 ? [`${milli / 1_024_000}Ki`] : []),
];
const amount = fc.oneof(
  fc.integer({ min: 1, max: 5000 }),
  fc.integer({ min: 1, max: 9 }).map((count) => count * 1000),
  fc.integer({ min: 1, max: 9 }).map((count) => count * 1_024_000),
);
const amounts = fc.array(amount, { minLength: places, maxLength: places });
const spelt = (given: readonly number[]) =>
  fc.tuple(...given.map((milli) => fc.constantFrom(...spellings(milli))));
/** Each run parses and renders specs with nine quantities. */
const runs = { numRuns: 25 };
/** Two spellings of the same amounts. */
const twice = amounts.chain((given) => fc.tuple(spelt(given), spelt(given)));

/** A revision as release 0.1.0 stored it: its label is the hash of the spec as written, its template another one. */
function oldRevision(of: DemoAppSpec, rollout = 1, outcome: Outcome = "accepted"): Revision {
  const hash = hashOf(of);
  const { metadata, spec: pod } = renderPodTemplate(app(), of) as {
    metadata: { labels: Fields };
    spec: Fields;
  };
  const { enableServiceLinks: _, ...older } = pod;
  const template = {
    metadata: { ...metadata, labels: { ...metadata.labels, [labels.hash]: hash } },
    spec: older,
  };
  return { ...revision("app:1", rollout, outcome), hash, template };
}

const observation = (of: DemoAppSpec, revisions: readonly Revision[]): ObservedApp =>
  observed({ app: app({ spec: of }), revisions }) as ObservedApp;

const requested = ({ app: { spec: of }, revisions }: ObservedApp): Revision | undefined =>
  requestedOf(of, revisions);

describe("quantities in another spelling", () => {
  test("all quantities of a spec are spelt otherwise: the canonical hash stays the same", () => {
    fc.assert(
      fc.property(twice, ([one, other]) => {
        expect(canonicalHashOf(specWith(one))).toBe(canonicalHashOf(specWith(other)));
      }),
      runs,
    );
  });

  test("one amount differs: the canonical hashes differ, and no revision is found", () => {
    fc.assert(
      fc.property(twice, fc.nat({ max: places - 1 }), amount, ([one, other], at, milli) => {
        fc.pre(compareQuantities(one[at] ?? "", `${milli}m`) !== 0);
        const [before, after] = [specWith(one), specWith(other.with(at, `${milli}m`))];
        expect(canonicalHashOf(after)).not.toBe(canonicalHashOf(before));
        expect(requested(observation(after, [oldRevision(before)]))).toBeUndefined();
      }),
      runs,
    );
  });

  test("the spelling changes: the revision that release 0.1.0 stored is found, and keeps its label", () => {
    fc.assert(
      fc.property(twice, ([one, other]) => {
        const stored = oldRevision(specWith(one));
        expect(requested(observation(specWith(other), [revision("app:2", 2), stored]))).toBe(stored);
      }),
      runs,
    );
  });

  test("the spelling changes: nothing is written", () => {
    fc.assert(
      fc.property(twice, ([one, other]) => {
        const stored = oldRevision(specWith(one));
        const { app: next, revisions } = observation(specWith(other), [stored]);
        const objects = { deployment: deploymentOf(stored), service: renderService(observedApp(), "stable") };
        expect(planOf({ app: next, revisions, ...objects }).actions).toEqual([]);
      }),
      runs,
    );
  });

  test("a label or an annotation looks like a quantity: another text is another value", () => {
    const withLabel = (value: string) => canonicalHashOf(spec({ pod: { labels: { sizeLimit: value } } }));
    expect(withLabel("1000m")).not.toBe(withLabel("1"));
  });

  test("two stored revisions differ only in the spelling: the one with the newest rollout is requested", () => {
    const [older, newer] = ["1000m", "1"].map((cpu, at) =>
      oldRevision(spec({ resources: { limits: { cpu } } }), at + 1),
    );
    const revisions = [older, newer] as Revision[];
    for (const cpu of ["1000m", "1", "1.0"])
      expect(requested(observation(spec({ resources: { limits: { cpu } } }), revisions))).toBe(newer);
  });

  test("a spec sets defaults in another spelling: the revision of a spec without them is found", () => {
    const stored = oldRevision(spec());
    const given = spec({ resources: { requests: { cpu: "0.1", memory: "131072Ki" } } });
    expect(requested(observation(given, [stored]))).toBe(stored);
    expect(requested(observation(spec(), [oldRevision(given)]))).toMatchObject({ hash: hashOf(given) });
  });
});

describe("a field of spec.pod with a value that gives the same pods as no value", () => {
  const bare = spec({ pod: { priorityClassName: "high" } });
  const implied = Object.entries(impliedPod).map(([field, value]) => ({
    field,
    given: spec({ pod: { priorityClassName: "high", [field]: value } }),
  }));

  test.each(implied)("$field: the Deployment stays the same, and so does the canonical hash", ({ given }) => {
    const rendered = (of: DemoAppSpec): string =>
      JSON.stringify(renderDeployment(observedApp(), deploymentInput(renderPodTemplate(app(), of))));
    const withoutEmpty = (text: string): string =>
      text.replaceAll(/"(nodeSelector|command|args)":(\{\}|\[\]),/g, "");
    expect(withoutEmpty(rendered(given))).toBe(rendered(bare));
    expect(canonicalHashOf(given)).toBe(canonicalHashOf(bare));
    expect(canonicalHashOf(bare)).toBe(hashOf(bare));
  });

  test.each(["affinity", "lifecycle", "topologySpreadConstraints"])(
    "%s: an empty value is another value",
    (field) => {
      const empty = field === "topologySpreadConstraints" ? [] : {};
      expect(canonicalHashOf(spec({ pod: { [field]: empty } }))).not.toBe(canonicalHashOf(spec()));
    },
  );

  test("an empty pod, and a pod of such values only: the hash of a spec without a pod", () => {
    for (const pod of [{}, impliedPod]) expect(canonicalHashOf(spec({ pod }))).toBe(hashOf(spec()));
  });
});

describe("a spec whose quantities are in the canonical spelling", () => {
  test("its quantities are as people write them: release 0.1.0 gave the same label", () => {
    for (const cpu of ["1", "100m", "250m", "1500m", "2"])
      for (const memory of ["128Mi", "1Gi", "1536Mi", "500M", "2G", "1000Mi"]) {
        const given = spec({ resources: { limits: { cpu, memory } } });
        expect(canonicalHashOf(given)).toBe(hashOf(given));
      }
  });
});
