import { childAnnotations as keys, labels, ownedBy, revisionName } from "../api/names.ts";
import { renderPodTemplate } from "./render/pod.ts";
import { ownerOf } from "./render/deployment.ts";
import { type Fields, type Manifest, compact, isFields } from "./manifest.ts";
import type { App, ObservedApp, Outcome, Revision } from "./observed.ts";
import { hashOf } from "./hash.ts";

const outcomes: ReadonlySet<string> = new Set<Outcome>(["accepted", "rejected", "superseded"]);

/** Reads a revision from its ControllerRevision; undefined if it is not one of ours. */
export function readRevision(live: Manifest): Revision | undefined {
  const { annotations = {} } = live.metadata;
  const data = live["data"];
  const hash = live.metadata.labels?.[labels.hash];
  if (hash === undefined || !isFields(data) || !isFields(data["template"])) return undefined;
  const outcome = annotations[keys.outcome] ?? "";
  const startedAt = annotations[keys.startedAt] ?? live.metadata.creationTimestamp ?? "";
  const isOver = outcomes.has(outcome);
  return {
    hash,
    rollout: Number(live["revision"] ?? 0),
    image: annotations[keys.image] ?? "",
    template: data["template"],
    startedAt,
    outcome: isOver ? (outcome as Outcome) : undefined,
    finishedAt: isOver ? (annotations[keys.finishedAt] ?? startedAt) : undefined,
    reason: annotations[keys.reason],
    message: annotations[keys.message],
    live,
  };
}

/** The ControllerRevision of a revision: its data never changes, number and annotations do. */
export function renderRevision(app: App, revision: Revision): Manifest {
  const version = revision.live.metadata.resourceVersion;
  const { hash, image, startedAt, outcome, finishedAt, reason, message } = revision;
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: revisionName(app.name, hash),
      namespace: app.namespace,
      // A decision made from an older look than the last decision is refused as a conflict.
      ...(version !== undefined && { resourceVersion: version }),
      labels: { ...ownedBy(app.name), [labels.hash]: hash },
      annotations: compact({
        [keys.image]: image,
        [keys.startedAt]: startedAt,
        [keys.outcome]: outcome,
        [keys.finishedAt]: finishedAt,
        [keys.reason]: reason,
        [keys.message]: message,
      }) as Record<string, string>,
      ownerReferences: [ownerOf(app)],
    },
    revision: revision.rollout,
    data: { template: revision.template } satisfies Fields,
  };
}

/** The revision that the spec asks for, if it was ever rolled out. */
export const wantedOf = (o: ObservedApp): Revision | undefined => {
  const hash = hashOf(o.app.spec);
  return o.revisions.find((revision) => revision.hash === hash);
};

const latest = (revisions: readonly Revision[]): Revision | undefined =>
  revisions.toSorted((a, b) => b.rollout - a.rollout)[0];

/** The revision to go back to: the last one that was accepted. */
export const lastGoodOf = (revisions: readonly Revision[]): Revision | undefined =>
  latest(revisions.filter((revision) => revision.outcome === "accepted"));

/** The start of a rollout of what the spec asks for: the next number, and the stored template if there is one. */
export function startOf(o: ObservedApp, at: string): Revision {
  const { app } = o;
  const previous = wantedOf(o);
  const hash = hashOf(app.spec);
  const template = previous?.template ?? renderPodTemplate(app, app.spec);
  const metadata = { name: revisionName(app.name, hash), namespace: app.namespace };
  return {
    hash,
    rollout: (latest(o.revisions)?.rollout ?? 0) + 1,
    image: app.spec.image,
    template,
    startedAt: at,
    outcome: undefined,
    finishedAt: undefined,
    reason: undefined,
    message: undefined,
    live: previous?.live ?? { apiVersion: "apps/v1", kind: "ControllerRevision", metadata },
  };
}

/**
 * The oldest revisions beyond the history limit; never one that serves, is wanted or is the way back, and not
 * the newest, or its number would be given again and an act left behind would count for another rollout.
 */
export function surplusOf(o: ObservedApp, kept: readonly (Revision | undefined)[]): readonly Revision[] {
  const needed = [...kept, latest(o.revisions)];
  const removable = o.revisions
    .filter((revision) => !needed.some((other) => other?.hash === revision.hash))
    .toSorted((a, b) => b.rollout - a.rollout);
  return removable.slice(o.app.spec.revisionHistoryLimit);
}
