import { childAnnotations as keys, labels, ownedBy, revisionName } from "../api/names.ts";
import { hashOf } from "./hash.ts";
import { type Fields, type Manifest, compact, isFields } from "./manifest.ts";
import type { App, ObservedApp, Outcome, Revision } from "./observed.ts";
import { ownerOf } from "./render/deployment.ts";
import { renderPodTemplate } from "./render/pod.ts";

const outcomes: ReadonlySet<string> = new Set<Outcome>(["accepted", "rejected", "superseded"]);

/** Reads a revision from its ControllerRevision; undefined if the operator did not write the object. */
export function readRevision(live: Manifest): Revision | undefined {
  const { annotations = {} } = live.metadata;
  const data = live["data"];
  const hash = live.metadata.labels?.[labels.hash];
  if (hash === undefined || !isFields(data) || !isFields(data["template"])) return undefined;
  const outcome = annotations[keys.outcome] ?? "";
  const startedAt = annotations[keys.startedAt] ?? live.metadata.creationTimestamp ?? "";
  const isFinished = outcomes.has(outcome);
  return {
    hash,
    rollout: Number(live["revision"] ?? 0),
    image: annotations[keys.image] ?? "",
    template: data["template"],
    startedAt,
    outcome: isFinished ? (outcome as Outcome) : undefined,
    finishedAt: isFinished ? (annotations[keys.finishedAt] ?? startedAt) : undefined,
    reason: annotations[keys.reason],
    message: annotations[keys.message],
    live,
  };
}

/** The ControllerRevision of a revision. Its data never changes; its number and its annotations do. */
export function renderRevision(app: App, revision: Revision): Manifest {
  const { resourceVersion } = revision.live.metadata;
  const { hash, image, startedAt, outcome, finishedAt, reason, message } = revision;
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: revisionName(app.name, hash),
      namespace: app.namespace,
      // With resourceVersion, a write based on a stale cache fails with a conflict.
      ...(resourceVersion !== undefined && { resourceVersion }),
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

/** The revision that the spec asks for; undefined before its first rollout. */
export const requestedOf = ({ app, revisions }: ObservedApp): Revision | undefined => {
  const hash = hashOf(app.spec);
  return revisions.find((revision) => revision.hash === hash);
};

const newestFirst = (revisions: readonly Revision[]): readonly Revision[] =>
  revisions.toSorted((a, b) => b.rollout - a.rollout);

/** The revision that was accepted last; a rollback restores it. */
export const stableOf = (revisions: readonly Revision[]): Revision | undefined =>
  newestFirst(revisions.filter((revision) => revision.outcome === "accepted"))[0];

/** Starts a rollout of the requested revision: the next number, and the stored pod template if there is one. */
export function startRollout(observed: ObservedApp, startedAt: string): Revision {
  const { app } = observed;
  const previous = requestedOf(observed);
  const hash = hashOf(app.spec);
  const metadata = { name: revisionName(app.name, hash), namespace: app.namespace };
  return {
    hash,
    rollout: (newestFirst(observed.revisions)[0]?.rollout ?? 0) + 1,
    image: app.spec.image,
    template: previous?.template ?? renderPodTemplate(app, app.spec),
    startedAt,
    outcome: undefined,
    finishedAt: undefined,
    reason: undefined,
    message: undefined,
    live: previous?.live ?? { apiVersion: "apps/v1", kind: "ControllerRevision", metadata },
  };
}

/**
 * The oldest revisions beyond the history limit, without those in `kept`. The newest revision always stays:
 * otherwise its rollout number would be reused, and a command annotation left behind would apply to that rollout.
 */
export function surplusOf(
  observed: ObservedApp,
  kept: readonly (Revision | undefined)[],
): readonly Revision[] {
  const revisions = newestFirst(observed.revisions);
  const needed = [...kept, revisions[0]];
  const removable = revisions.filter((revision) => !needed.some((other) => other?.hash === revision.hash));
  return removable.slice(observed.app.spec.revisionHistoryLimit);
}
