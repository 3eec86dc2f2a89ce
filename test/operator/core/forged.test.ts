import { expect, test } from "@jest/globals";
import { childAnnotations, containerName } from "../../../operator/api/names.ts";
import { demoAppStatus } from "../../../operator/api/schema.ts";
import { type Fields, type Manifest, fieldsOf } from "../../../operator/core/manifest.ts";
import type { App } from "../../../operator/core/observed.ts";
import { readRevision, readRevisions } from "../../../operator/core/storedrevisions.ts";
import { at, revision } from "./objects.ts";
import { accepted2, appOf, deploymentOf, observedApp, planOf, rejected2, v1, v2 } from "./situations.ts";

/** A pod template whose app runs another image. */
function withImage(template: Fields, image: string): Fields {
  const spec = fieldsOf(template["spec"]);
  const containers = (spec["containers"] as readonly Fields[]).map((one) =>
    one["name"] === containerName ? { ...one, image } : one,
  );
  return { ...template, spec: { ...spec, containers } };
}

/** A ControllerRevision with everything that the operator sets, and a pod template with another image. */
const forge = (of: typeof v1, image: string): Manifest => ({
  ...of.live,
  data: { template: withImage(of.template, image) },
});

/** Plans for an app that asks for app:2, with ControllerRevisions as the cache has them. */
function planWith(objects: readonly Manifest[], deployment = deploymentOf(v1), fields: Partial<App> = {}) {
  const app = appOf("app:2", fields);
  const read = readRevisions({ app, deployments: { stable: deployment, candidate: undefined } }, objects);
  const result = planOf(observedApp({ app, deployment, ...read }));
  expect(demoAppStatus.safeParse(result.status).error).toBeUndefined();
  return result;
}

const names = ({ actions }: ReturnType<typeof planWith>): readonly string[] =>
  actions.map(({ do: verb, object }) => `${verb} ${object.kind}/${object.metadata.name}`);

test.each([
  { name: "accepted", of: accepted2 },
  { name: "in progress", of: v2 },
  { name: "rejected", of: rejected2 },
])(
  "a revision is $name, with the hash of the requested spec and another image: never deployed, and a blocker says so",
  ({ of }) => {
    const result = planWith([v1.live, forge(of, "evil:1")]);
    expect(JSON.stringify(result.actions)).not.toContain("evil");
    expect(JSON.stringify(result.status)).not.toContain("evil");
    expect(result.status.blockers?.find(({ reason }) => reason === "RevisionIgnored")).toMatchObject({
      object: `ControllerRevision/${of.live.metadata.name}`,
      message: expect.stringContaining("has another image than the spec with its hash") as unknown,
    });
  },
);

test("the annotation with the image is forged: the image of the pod template counts", () => {
  const annotations = { ...v1.live.metadata.annotations, [childAnnotations.image]: "evil:1" };
  const object = { ...v1.live, metadata: { ...v1.live.metadata, annotations } };
  expect(readRevision(object)?.image).toBe("app:1");
});

test("the Deployment's image was changed by hand and its ControllerRevision is missing: not stored as the app's", () => {
  const live = deploymentOf(accepted2);
  const spec = fieldsOf(live["spec"]);
  const edited = { ...live, spec: { ...spec, template: withImage(fieldsOf(spec["template"]), "evil:1") } };
  const status = { stable: { hash: v2.hash, image: "app:2", since: at(-9), rollout: 2 } };
  const result = planWith([], edited, { status });
  expect(JSON.stringify(result.actions)).not.toContain("evil");
  expect(result.status.candidate).toMatchObject({ image: "app:2", rollout: 3 });
});

test.each([
  { name: "2^31", number: 2 ** 31 },
  { name: "2^63 - 1, which JSON.parse rounds", number: 2 ** 63 },
  { name: "0", number: 0 },
  { name: "a fraction", number: 1.5 },
])("a revision has the number $name: ignored, and the next rollout has the next number", ({ number }) => {
  const forged = { ...revision("app:9", 1, "accepted").live, revision: number };
  expect(planWith([v1.live, forged]).status.candidate).toMatchObject({ image: "app:2", rollout: 2 });
});

test("a forged maximum and time of the progress: the deadline counts from now, and both are written again", () => {
  const live = deploymentOf(v2, { availableReplicas: 0 });
  const annotations = {
    ...live.metadata.annotations,
    [childAnnotations.best]: "1000000",
    [childAnnotations.progressAt]: "2099-01-01T00:00:00Z",
  };
  const deployment = { ...live, metadata: { ...live.metadata, annotations } };
  const result = planWith([v1.live, v2.live], deployment);
  const applied = result.actions.find(({ object }) => object.kind === "Deployment")?.object;
  expect(applied?.metadata.annotations).toMatchObject({
    [childAnnotations.best]: "0",
    [childAnnotations.progressAt]: at(0),
  });
  expect(names(result)).toContain("apply Deployment/web");
});
