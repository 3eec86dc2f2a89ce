import * as fc from "fast-check";
import { childAnnotations as keys, apiVersion, kind } from "../../../operator/api/names.ts";
import { type Edit, edit } from "./edits.ts";
import { annotations, spec, unknownFields } from "./documents.ts";
import { managedFields } from "./managedfields.ts";
import { events, podStatus } from "./pods.ts";
import { status } from "./status.ts";
import { manager, text, time, word, record } from "./values.ts";

/** Who controls an object, and by which labels and owner it looks like the app's. */
const owner = fc.constantFrom(
  ..."app|app|app|app|app|app|app|app|nobody|other|deleted app|terminating|not controller".split("|"),
);
export type Owner = string;

const outcome = fc.constantFrom("accepted", "accepted", "rejected", "superseded", "", "constructor");

/** A stored revision: of the spec, of a version before, or of anything. */
const revision = record({
  of: fc.constantFrom("requested", "before", "before", "older"),
  rollout: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(0, 2 ** 31 - 1, 2 ** 53, -1, 2 ** 31 - 2) },
  ),
  outcome,
  owner,
  texts: record(
    {
      [keys.image]: text,
      [keys.reason]: fc.oneof(
        fc.constantFrom("CrashLoop", "ImageNotFound", "NotReadyByDeadline", "constructor"),
        text,
      ),
      [keys.message]: text,
      [keys.startedAt]: fc.oneof(time, time, text),
      [keys.finishedAt]: fc.oneof(time, time, text),
    },
    { requiredKeys: [] },
  ),
});

const count = fc.constantFrom(0, 1, 2, 2, 2, 3, 1000, 100_001, 2 ** 31 - 1);

const deployment = record({
  of: fc.constantFrom("requested", "requested", "before", "older"),
  owner,
  size: fc.constantFrom(0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 7, 100, 1000, 2 ** 31 - 1),
  progress: record(
    {
      [keys.rollout]: fc.oneof(fc.constantFrom("1", "2", "3", "2147483647"), text),
      [keys.best]: fc.oneof(fc.constantFrom("0", "1", "2"), text),
      [keys.progressAt]: fc.oneof(time, text),
      [keys.progressRestarts]: text,
    },
    { requiredKeys: [] },
  ),
  restartedAt: fc.option(fc.oneof(time, text), { nil: undefined, freq: 4 }),
  // Half of the Deployments have just the pods that they should have.
  counts: fc.option(
    record(
      {
        replicas: count,
        readyReplicas: count,
        updatedReplicas: count,
        availableReplicas: count,
        observedGeneration: fc.constantFrom(0, 1, 3),
      },
      { requiredKeys: [] },
    ),
  ),
  failure: fc.option(text, { nil: undefined, freq: 4 }),
  managedFields,
});

const pod = record({
  of: fc.constantFrom("requested", "requested", "before", "older"),
  createdAt: time,
  status: podStatus,
});

/** A refusal or failure of the plan's n-th write. */
const problem = record({
  at: fc.nat(3),
  isRefused: fc.boolean(),
  status: fc.constantFrom(0, 400, 403, 413, 422, 500, 503),
  message: text,
  contestedBy: fc.option(manager, { nil: undefined, freq: 4 }),
});

/** Everything that one case is made of. Objects are built from it, so that a failure prints and shrinks well. */
const anyWorld = record({
  name: fc.constantFrom("web", "web", "web", "constructor", "a".repeat(53)),
  generation: fc.constantFrom(1, 1, 2),
  spec,
  unknownFields,
  annotations,
  status: fc.oneof(
    { weight: 1, arbitrary: fc.constant("computed" as const) },
    { weight: 2, arbitrary: status },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  revisions: fc.array(revision, { maxLength: 3 }),
  deployment: fc.option(deployment, { nil: undefined, freq: 9 }),
  candidate: fc.option(deployment, { nil: undefined, freq: 1 }),
  service: fc.option(record({ owner, managedFields }), { nil: undefined, freq: 6 }),
  pods: fc.array(pod, { maxLength: 3 }),
  events,
  scalers: fc.array(record({ name: word, kind: fc.constantFrom("Deployment", "DemoApp") }), {
    maxLength: 1,
  }),
  /** How the API server answers the requests for children that the caches lack. */
  lookup: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: text }),
  problems: fc.oneof(
    { weight: 2, arbitrary: fc.array(problem, { maxLength: 0 }) },
    { weight: 1, arbitrary: fc.array(problem, { minLength: 1, maxLength: 2 }) },
  ),
  isRepeated: fc.boolean(),
  edits: fc.oneof(
    { weight: 2, arbitrary: fc.constant<Edit[]>([]) },
    { weight: 3, arbitrary: fc.array(edit, { minLength: 1, maxLength: 3 }) },
  ),
  documentEdits: fc.oneof(
    { weight: 11, arbitrary: fc.constant<Edit[]>([]) },
    { weight: 1, arbitrary: fc.array(edit, { minLength: 1, maxLength: 2 }) },
  ),
  seconds: fc.constantFrom(0, 0, 1, 700, 100_000),
});
type ArbitraryValue<T> = T extends fc.Arbitrary<infer V> ? V : never;
export type World = ArbitraryValue<typeof anyWorld>;
export type DeploymentPlan = NonNullable<World["deployment"]>;
export type RevisionPlan = World["revisions"][number];

/** The outcomes of the rollouts of a version before and of the requested version. */
const rollouts = fc.constantFrom(
  ["accepted", ""],
  ["accepted", ""],
  ["accepted", "rejected"],
  ["accepted", "accepted"],
  ["superseded", "accepted"],
  ["superseded", ""],
);

/**
 * An app in the middle of a rollout or after it, whose objects are its own. Only the texts, the pods and at most one edit
 * are hostile: with more of it, blockers stop nearly every decision.
 */
const calmWorld: fc.Arbitrary<World> = fc
  .tuple(anyWorld, rollouts, fc.boolean(), fc.nat(7))
  .map(([given, [before = "", requested = ""], isDeployed, chance]): World => {
    const texts = { [keys.startedAt]: "2025-12-31T00:00:00Z" };
    const revisions = (["before", "requested"] as const).map((of, i) => ({
      of,
      rollout: i + 1,
      outcome: (i === 0 ? before : requested) as RevisionPlan["outcome"],
      owner: "app",
      texts: { ...given.revisions[i]?.texts, ...texts },
    }));
    const { deployment, service } = given;
    const progress = { [keys.rollout]: "2", [keys.best]: "0", [keys.progressAt]: "2025-12-31T23:00:00Z" };
    const of = isDeployed ? "requested" : "before";
    return {
      ...given,
      revisions,
      deployment: deployment && {
        ...deployment,
        of,
        owner: "app",
        progress,
        restartedAt: undefined,
        failure: chance === 0 ? deployment.failure : undefined,
      },
      service: service && { ...service, owner: "app" },
      candidate: undefined,
      lookup: undefined,
      unknownFields: {},
      documentEdits: [],
      annotations: chance === 1 ? given.annotations : {},
      problems: chance === 2 ? given.problems : [],
      edits: chance > 4 ? given.edits.slice(0, 1) : [],
      // Otherwise a status with the highest rollout number, or a far time, ends most rollouts.
      status: chance === 3 ? given.status : undefined,
    };
  });

export const world: fc.Arbitrary<World> = fc.oneof(anyWorld, calmWorld);

/** The metadata by which an object belongs to somebody. */
export function ownedMetadata(app: { name: string; uid: string }, by: Owner): object {
  const reference = {
    apiVersion,
    kind,
    name: app.name,
    uid: app.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  const references: Readonly<Record<string, readonly object[]>> = {
    app: [reference],
    nobody: [],
    other: [{ ...reference, kind: "Rollout", name: "x", uid: "uid-other" }],
    "deleted app": [{ ...reference, uid: "uid-deleted" }],
    terminating: [reference],
    "not controller": [{ ...reference, controller: false }],
  };
  const ownerReferences = references[by];
  return { ownerReferences, ...(by === "terminating" && { deletionTimestamp: "2025-12-31T23:59:00Z" }) };
}
