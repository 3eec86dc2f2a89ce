import { describe, expect, test } from "@jest/globals";
import { childAnnotations, labels } from "../../../operator/api/names.ts";
import { demoAppStatus } from "../../../operator/api/schema.ts";
import type { Manifest, Metadata } from "../../../operator/core/manifest.ts";
import type { Revision } from "../../../operator/core/observed.ts";
import { readRevision, readRevisions } from "../../../operator/core/storedrevisions.ts";
import { app, at, owner, revision } from "./objects.ts";
import { appOf, deploymentOf, observedApp, planOf, v1 } from "./situations.ts";

const good = revision("app:9", 3, "accepted");

const changed = (metadata: Partial<Metadata>, fields: object = {}): Manifest => ({
  ...good.live,
  ...fields,
  metadata: { ...good.live.metadata, ...metadata },
});

const owned = deploymentOf(v1);
const { ownerReferences: _owners, ...withoutOwner } = owned.metadata;
const orphaned: Manifest = { ...owned, metadata: withoutOwner };

describe("which ControllerRevisions are believed", () => {
  const read = (object: Manifest, deployment: Manifest | undefined = owned) =>
    readRevisions({ app: app(), deployments: { stable: deployment, candidate: undefined } }, [object]);

  test("an object that this DemoApp owns: believed", () => {
    expect(read(good.live)).toEqual({ revisions: [good], ignoredRevisions: [] });
  });

  test("an object without a controller beside a Deployment without one: believed, both were left behind", () => {
    expect(read(changed({ ownerReferences: [] }), orphaned).revisions).toHaveLength(1);
  });

  test.each<{ name: string; object: Manifest; why: string }>([
    {
      name: "no controller, though this DemoApp owns the Deployment",
      object: changed({ ownerReferences: [] }),
      why: "is not owned by this DemoApp",
    },
    {
      name: "another controller",
      object: changed({ ownerReferences: [{ ...owner, kind: "StatefulSet", uid: "x" }] }),
      why: "is not owned by this DemoApp",
    },
    {
      name: "an owner that is not its controller",
      object: changed({ ownerReferences: [{ ...owner, controller: false }] }),
      why: "is not owned by this DemoApp",
    },
    {
      name: "a deleted DemoApp of the same name as its controller",
      object: changed({ ownerReferences: [{ ...owner, uid: "uid-earlier" }] }),
      why: "is still being deleted",
    },
    {
      name: "another name than its hash label tells",
      object: changed({ name: "web-0000000000" }),
      why: "has a name that does not match its label",
    },
    {
      name: "a template without metadata",
      object: changed({}, { data: { template: { spec: { containers: [{}] } } } }),
      why: "has not the content of a revision",
    },
    {
      name: "a template of another hash",
      object: changed({}, { data: revision("app:8", 1).live["data"] }),
      why: "has not the content of a revision",
    },
    {
      name: "a container that is none",
      object: changed(
        {},
        {
          data: {
            template: {
              metadata: { labels: { [labels.hash]: good.hash } },
              spec: { containers: [null] },
            },
          },
        },
      ),
      why: "has not the content of a revision",
    },
    {
      name: "a huge rollout number",
      object: changed({}, { revision: 9_007_199_254_740_991 }),
      why: "has not the content of a revision",
    },
    {
      name: "a negative rollout number",
      object: changed({}, { revision: -4 }),
      why: "has not the content of a revision",
    },
  ])("an object with $name: ignored", ({ object, why }) => {
    expect(read(object)).toEqual({ revisions: [], ignoredRevisions: [{ live: object, why }] });
  });

  test("a forged accepted revision while the requested one is rejected: not deployed, and a blocker names it", () => {
    const rejected = revision("app:2", 2, "rejected");
    const before = { ...appOf("app:2") };
    const objects = [v1.live, rejected.live, changed({ ownerReferences: [] })];
    const seen = { app: before, deployments: { stable: owned, candidate: undefined } };
    const observed = observedApp({ app: before, deployment: owned, ...readRevisions(seen, objects) });
    const { status, actions } = planOf(observed);
    expect(status.stable?.image).toBe("app:1");
    expect(JSON.stringify(actions)).not.toContain("app:9");
    expect(status.blockers?.find(({ reason }) => reason === "RevisionIgnored")).toMatchObject({
      object: `ControllerRevision/${good.live.metadata.name}`,
      next: `Delete the object: kubectl -n team delete controllerrevision ${good.live.metadata.name}`,
    });
  });
});

describe("notes that anybody may have changed", () => {
  const noted = (annotations: Readonly<Record<string, string>>): Revision | undefined =>
    readRevision(changed({ annotations: { ...good.live.metadata.annotations, ...annotations } }));

  test("long texts: shortened to what the schema of the status allows", () => {
    const long = noted({
      [childAnnotations.outcome]: "rejected",
      [childAnnotations.image]: "i".repeat(9000),
      [childAnnotations.reason]: "r".repeat(9000),
      [childAnnotations.message]: "m".repeat(9000),
    });
    const revisions = long ? [v1, long] : [];
    const { status } = planOf({ app: appOf("app:1"), revisions, deployment: owned });
    expect(demoAppStatus.safeParse(status).success).toBe(true);
    expect(status.rejected).toHaveLength(1);
  });

  test("times that are none: the creation of the object counts", () => {
    const object = changed({
      creationTimestamp: at(-5),
      annotations: { [childAnnotations.startedAt]: "soon", [childAnnotations.outcome]: "accepted" },
    });
    expect(readRevision(object)).toMatchObject({ startedAt: at(-5), finishedAt: at(-5) });
  });

  test("an unknown outcome: the revision has none", () => {
    expect(noted({ [childAnnotations.outcome]: "constructor" })?.outcome).toBeUndefined();
  });
});

describe("the Deployment runs a revision whose ControllerRevision is missing", () => {
  const stableIs = (of: Revision) => ({
    stable: { hash: of.hash, image: of.image, since: at(-9), rollout: of.rollout },
  });
  const accepted = revision("app:2", 2, "accepted");

  test("the status names it as stable: stored again as accepted, with its number", () => {
    const before = { app: appOf("app:1", { status: stableIs(v1) }), deployment: owned };
    const { actions, status } = planOf(before);
    expect(actions.map(({ object, why }) => `${object.kind} ${why}`)).toEqual([
      "ControllerRevision accepted",
      "Service create",
    ]);
    expect(status).toMatchObject({ phase: "Healthy", stable: { rollout: 1 } });
  });

  test("the requested revision is rejected and no other was accepted: it is the stable one", () => {
    const before = {
      app: appOf("app:2"),
      revisions: [revision("app:2", 2, "rejected")],
      deployment: owned,
    };
    expect(planOf(before).status).toMatchObject({
      phase: "Degraded",
      stable: { image: "app:1", rollout: 1 },
    });
  });

  test("the status names another stable one: its rollout starts anew, under the next number", () => {
    const before = {
      app: appOf("app:2", { status: stableIs(v1) }),
      revisions: [v1],
      deployment: deploymentOf(accepted),
    };
    expect(planOf(before).status.candidate).toMatchObject({ image: "app:2", rollout: 3 });
  });

  test("its pod template has restarts and other annotations: only the restarts are not stored", () => {
    const live = deploymentOf(v1);
    const spec = live["spec"] as { template: { metadata: object } };
    const restarts = { "demoapp.dev/restarted-at": at(-9), "kubectl.kubernetes.io/restartedAt": at(-8) };
    const metadata = { ...spec.template.metadata, annotations: { ...restarts, team: "sre" } };
    const deployment = { ...live, spec: { ...spec, template: { ...spec.template, metadata } } };
    const { actions } = planOf({ app: appOf("app:1", { status: stableIs(v1) }), deployment });
    const stored = actions.find(({ object }) => object.kind === "ControllerRevision")?.object["data"];
    expect(stored).toMatchObject({ template: { metadata: { annotations: { team: "sre" } } } });
    expect(JSON.stringify(stored)).not.toMatch(/restarted/i);
  });

  test("a hash that the operator can't have written: not read as a revision", () => {
    const live = deploymentOf(v1);
    const spec = live["spec"] as { template: { metadata: { labels: object } } };
    const metadata = { labels: { ...spec.template.metadata.labels, [labels.hash]: "Not_a_hash" } };
    const deployment = { ...live, spec: { ...spec, template: { ...spec.template, metadata } } };
    expect(planOf({ app: appOf("app:1"), deployment }).status.stable).toBeUndefined();
  });
});

test("an object has the highest rollout number: no rollout starts, and a blocker names the object", () => {
  const last = revision("app:1", 2 ** 31 - 1, "accepted");
  const before = { app: appOf("app:2"), revisions: [last], deployment: deploymentOf(last) };
  const { actions, status } = planOf(before);
  expect(actions.filter(({ object }) => object.kind === "ControllerRevision")).toEqual([]);
  expect(status).toMatchObject({
    phase: "Degraded",
    blockers: [{ object: `ControllerRevision/web-${last.hash}`, reason: "RolloutNumbersUsedUp" }],
  });
});

describe("the number of the next rollout", () => {
  const status = {
    history: [{ rollout: 7, hash: "h", image: "app:7", startedAt: at(-9), outcome: "Rejected" }],
  };
  const noteOn = (rollout: string): Manifest => {
    const metadata = { ...owned.metadata, annotations: { [childAnnotations.rollout]: rollout } };
    return { ...owned, metadata };
  };
  const next = (fields: Parameters<typeof planOf>[0]): number | undefined =>
    planOf({ app: appOf("app:2"), revisions: [v1], ...fields }).status.candidate?.rollout;

  test.each([
    { name: "a revision has the highest number", fields: { deployment: owned }, expected: 2 },
    { name: "the Deployment has the highest number", fields: { deployment: noteOn("5") }, expected: 6 },
    { name: "the status has the highest number", fields: { app: appOf("app:2", { status }) }, expected: 8 },
    { name: "the Deployment's number is garbled", fields: { deployment: noteOn("1e9") }, expected: 2 },
    { name: "the Deployment's number is huge", fields: { deployment: noteOn("99999999999") }, expected: 2 },
  ])("$name: $expected", ({ fields, expected }) => {
    expect(next(fields)).toBe(expected);
  });
});
