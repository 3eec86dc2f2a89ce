import { describe, expect, test } from "@jest/globals";
import { manifestOf } from "../../../operator/controller/children.ts";
import { appOf } from "../../../operator/controller/transform.ts";
import type { FieldSet, Manifest } from "../../../operator/core/manifest.ts";
import { type App, type ObservedApp, type Revision, timestamp } from "../../../operator/core/observed.ts";
import { plan, reportOf } from "../../../operator/core/plan.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { startRollout, templateOf } from "../../../operator/core/revisions.ts";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { bestMs } from "../core/cost.ts";
import { inContainer, withContainer } from "../core/driftobjects.ts";
import { observed, pod, startMs, waiting } from "../core/objects.ts";
import { applied } from "../core/serverside.ts";
import { deploymentInput, stateOf } from "../core/situations.ts";

/**
 * A guard against cost that grows faster than the input, ms of CPU: such a step takes several seconds. A step within the
 * bounds takes up to 50 ms, and a multiple of that on a busy machine.
 */
const mostMs = 1000;

const list = <T>(count: number, item: (at: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => item(at));
const variables = (count: number, prefix = "V") =>
  list(count, (at) => ({ name: `${prefix}${at}`, value: "x" }));
const demoApp = (pods: object) => ({
  apiVersion: "demoapp.dev/v1",
  kind: "DemoApp",
  metadata: {
    name: "web",
    namespace: "team",
    uid: "uid-web",
    resourceVersion: "1",
    generation: 1,
    annotations: { note: "x".repeat(250_000) },
  },
  spec: { image: "app:1", replicas: 1000, ...pods },
});
const sidecars = (count: number, fields: (at: number) => object) =>
  list(count, (at) => ({ name: `sidecar-${at}`, image: "sidecar:1", ...fields(at) }));

/** DemoApps just within the limits. */
const accepted: Readonly<Record<string, object>> = {
  "4000 values": { env: variables(60), pod: { sidecars: sidecars(6, () => ({ env: variables(200) })) } },
  "a template of 256 KiB": {
    pod: {
      args: list(3, () => "a".repeat(32_000)),
      annotations: { note: "x".repeat(60_000) },
      sidecars: sidecars(3, () => ({ args: ["a".repeat(32_000)] })),
    },
  },
  "quantities in other spellings": {
    pod: {
      sidecars: sidecars(20, () => ({
        resources: {
          requests: Object.fromEntries(list(150, (at) => [`acme.com/${at}`, `${"9".repeat(30)}m`])),
        },
      })),
    },
  },
};

/** DemoApps of 1 MiB, all beyond the limits. */
const refused: Readonly<Record<string, object>> = {
  "long lists": { pod: { sidecars: sidecars(20, () => ({ env: variables(2000) })) } },
  "many values": {
    pod: { sidecars: sidecars(20, () => ({ env: variables(200), args: list(200, () => "a".repeat(200)) })) },
  },
  "9000 levels": { pod: { affinity: JSON.parse(`${'{"a":'.repeat(9000)}1${"}".repeat(9000)}`) as object } },
  "one long quantity": {
    pod: { sidecars: sidecars(1, () => ({ resources: { limits: { cpu: "9".repeat(1_000_000) } } })) },
  },
};

const ofVariable = (name: string): FieldSet =>
  inContainer({ "f:env": { [`k:${JSON.stringify({ name })}`]: { ".": {}, "f:name": {} } } });

/** The live Deployment with entries in managedFields that `count` other managers own. */
function withManagers(live: Manifest, count: number, fields: (at: number) => FieldSet): Manifest {
  const entries = list(count, (at) => ({
    manager: `manager-${at}`,
    operation: "Apply",
    fieldsV1: { "f:spec": fields(at) },
  }));
  const managedFields = [...(live.metadata.managedFields ?? []), ...entries];
  return { ...live, metadata: { ...live.metadata, resourceVersion: "7", managedFields } };
}

/** What anyone who may edit the Deployment can make of it, up to the 1.5 MiB that etcd stores. */
const hostile: Readonly<Record<string, (live: Manifest) => Manifest>> = {
  "as applied": (live) => live,
  "3000 variables, each of another manager": (live) =>
    withManagers(
      withContainer(live, (app) => ({ ...app, env: [...variables(3000, "X"), ...variables(100)] })),
      3000,
      (at) => ofVariable(`X${at}`),
    ),
  "5000 managers of the whole template": (live) => withManagers(live, 5000, () => ({ "f:template": {} })),
};

interface Objects {
  readonly live: Manifest;
  readonly revisions: readonly Revision[];
}

/** The live Deployment of an app, its accepted revision, and 24 older revisions as the cache has them. */
function objectsOf(app: App): Objects {
  const started = startRollout(stateOf(observed({ app }) as ObservedApp));
  const desired = renderDeployment(observed({ app }) as ObservedApp, deploymentInput(templateOf(started)));
  const older = list(24, (at) => ({
    ...started,
    hash: `${at}`.padStart(10, "0"),
    rollout: at + 1,
    outcome: "rejected" as const,
    finishedAt: timestamp(startMs),
    live: { ...started.live, data: {} },
    template: undefined,
    isRespelt: false,
  }));
  const accepted = { ...started, rollout: 25, outcome: "accepted" as const, finishedAt: timestamp(startMs) };
  return { live: applied(undefined, desired), revisions: [...older, accepted] };
}

describe.each(Object.entries(accepted))("the largest DemoApps: %s", (_name, spec) => {
  const document = demoApp(spec);
  const app = appOf(document);
  const { live, revisions } = objectsOf(app);

  test("the DemoApp is read in time proportional to its size", () => {
    expect(app.problems).toEqual([]);
    expect(bestMs(appOf, () => document)).toBeLessThan(mostMs);
  });

  test.each(Object.entries(hostile))(
    "the Deployment is %s: each step takes time proportional to its input",
    (_state, change) => {
      const text = JSON.stringify(change(live));
      const newest = revisions.at(-1);
      const stuck = waiting("ErrImagePull", `: not found${"a".repeat(1000)}`);
      const pods = newest
        ? list(1000, (at) => pod(`p${at}`, newest, { ready: false, containers: [stuck] }))
        : [];
      const stored = () => JSON.parse(text) as KubeObject;
      const observe = () =>
        observed({
          app: appOf(document),
          deployment: manifestOf(stored()),
          revisions: structuredClone(revisions),
          pods,
        });
      const problems = { refused: [], failed: [], isRepeated: false };
      const costsMs = {
        read: bestMs(manifestOf, stored),
        plan: bestMs((input) => plan(input, startMs), observe),
        report: bestMs(
          (planned) => reportOf(planned, problems),
          () => plan(observe(), startMs),
        ),
      };
      expect(Object.entries(costsMs).filter(([, ms]) => ms > mostMs)).toEqual([]);
    },
  );
});

test.each(Object.entries(refused))(
  "a stored DemoApp of 1 MiB has %s: refused in time proportional to its size",
  (_name, spec) => {
    const document = demoApp(spec);
    expect(appOf(document).spec).toBe(undefined);
    expect(bestMs(appOf, () => document)).toBeLessThan(mostMs);
  },
);
