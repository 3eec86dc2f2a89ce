import { childAnnotations as keys, labels, ownedBy, revisionName } from "../api/names.ts";
import type { DemoAppSpec } from "../api/schema.ts";
import { maxHistory } from "../api/schema/spec.ts";
import { canonical, canonicalHashOf, hashOf } from "./hash.ts";
import { type Fields, type Manifest, compact } from "./manifest.ts";
import { type App, type Observed, type Revision, timestamp } from "./observed.ts";
import { ownerOf } from "./render/deployment.ts";
import { renderPodTemplate } from "./render/pod.ts";
import { spelledLike } from "./render/spelling.ts";
import type { RolloutState } from "./rolloutstate.ts";
import { quoteOf } from "./text.ts";

/** The ControllerRevision of a revision without its data, which never changes: its number and its annotations do. */
export function renderOutcome(app: App, revision: Revision): Manifest {
  const { resourceVersion } = revision.live.metadata;
  const { hash, image, startedAt, outcome, finishedAt, acceptedAt, reason, message, quote } = revision;
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
        // Of an accepted revision, `finishedAt` is the time.
        [keys.acceptedAt]: outcome === "accepted" ? undefined : acceptedAt,
        [keys.reason]: reason,
        [keys.message]: message,
        [keys.quote]: quote === undefined ? undefined : quoteOf(quote),
      }) as Record<string, string>,
      ownerReferences: [ownerOf(app)],
    },
    revision: revision.rollout,
  };
}

/** The ControllerRevision of a revision. Throws if the template was not read. */
export const renderRevision = (app: App, revision: Revision): Manifest => ({
  ...renderOutcome(app, revision),
  // In the order of keys in which the API server stores an apply: it compares texts, and refuses a change of `data`.
  data: JSON.parse(canonical({ template: templateOf(revision) })) as Fields,
});

/** The revisions by rollout number, the highest first. */
export const newestFirst = (revisions: readonly Revision[]): readonly Revision[] =>
  revisions.toSorted((a, b) => b.rollout - a.rollout);

/** The template of a revision. Throws if it was not read, which `neededTemplates` rules out. */
export function templateOf({ hash, template }: Revision): Fields {
  if (template === undefined) throw new Error(`the template of revision ${hash} was not read`);
  return template;
}

/** True if a revision's label is the hash of the spec. */
export const isRequestedBy = (spec: DemoAppSpec, { hash }: Revision): boolean =>
  hash === hashOf(spec) || hash === canonicalHashOf(spec);

/** True if a revision can have been stored for a spec that differs only in the spelling of quantities. */
export const isSpelling = (spec: DemoAppSpec, { image }: Revision): boolean => image === spec.image;

/** True if a revision was stored for a spec that differs only in the spelling of quantities. */
export function isRespelt(spec: DemoAppSpec, revision: Revision): boolean {
  const { hash, template, isRespelt: known = false } = revision;
  if (template === undefined) return known;
  return isSpelling(spec, revision) && hashOf(spelledLike(spec, template)) === hash;
}

/**
 * The revision that a spec asks for; undefined before its first rollout. Its label is the canonical hash, or from
 * release 0.1.0 the hash of the spec as it was written then. A label never changes, so that no pod restarts. Of
 * revisions that differ only in the spelling of quantities, the one with the newest rollout counts.
 */
export const requestedOf = (spec: DemoAppSpec, revisions: readonly Revision[]): Revision | undefined =>
  newestFirst(revisions).find((revision) => isRequestedBy(spec, revision) || isRespelt(spec, revision));

/** The revision whose rollout started last and has no outcome. */
export const candidateOf = (revisions: readonly Revision[]): Revision | undefined =>
  newestFirst(revisions.filter((revision) => revision.outcome === undefined))[0];

/** The revision that was accepted last; a rollback restores it. */
export const stableOf = (revisions: readonly Revision[]): Revision | undefined =>
  newestFirst(revisions.filter((revision) => revision.outcome === "accepted"))[0];

/** The largest rollout number. Numbers of hand-made objects above it are ignored. */
export const maxRollout = 2 ** 31 - 1;

/** A rollout number from an object that anyone may have changed; undefined if it can't be one. */
export function rolloutNumber(value: unknown): number | undefined {
  const rollout = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return typeof rollout === "number" && Number.isInteger(rollout) && rollout > 0 && rollout <= maxRollout
    ? rollout
    : undefined;
}

/** The rollout numbers that revisions, Deployments and the status name, each with the object that has it. */
export function usedRollouts({ app, deployments, revisions }: Observed) {
  const { stable, candidate, rejected = [], history = [] } = app.status ?? {};
  const used: readonly (readonly [object: string, value: unknown])[] = [
    ...revisions.map(({ live, rollout }) => [`${live.kind}/${live.metadata.name}`, rollout] as const),
    ...Object.values(deployments).flatMap((live) =>
      live
        ? [[`${live.kind}/${live.metadata.name}`, live.metadata.annotations?.[keys.rollout]] as const]
        : [],
    ),
    ...[stable, candidate, ...rejected, ...history].map(
      (one) => [`DemoApp/${app.name}`, one?.rollout] as const,
    ),
  ];
  return used.map(([object, value]) => ({ object, rollout: rolloutNumber(value) ?? 0 }));
}

/**
 * The next rollout number: above every number that is in use. A command annotation left behind must not name a later
 * rollout, also after the newest ControllerRevision was deleted.
 */
const nextRollout = (observed: Observed): number =>
  Math.max(0, ...usedRollouts(observed).map(({ rollout }) => rollout)) + 1;

/** Starts a rollout of the requested revision: the next number, and the stored pod template if there is one. */
export function startRollout(state: RolloutState): Revision {
  const { app } = state.observed;
  const { requested } = state;
  const hash = requested?.hash ?? canonicalHashOf(app.spec);
  const metadata = { name: revisionName(app.name, hash), namespace: app.namespace };
  return {
    hash,
    rollout: nextRollout(state.observed),
    image: app.spec.image,
    template: requested === undefined ? renderPodTemplate(app, app.spec) : templateOf(requested),
    startedAt: timestamp(state.nowMs),
    outcome: undefined,
    finishedAt: undefined,
    acceptedAt: requested?.acceptedAt,
    reason: undefined,
    message: undefined,
    live: requested?.live ?? { apiVersion: "apps/v1", kind: "ControllerRevision", metadata },
  };
}

/**
 * The oldest revisions beyond the history limit, without those in use. The newest revision always stays: otherwise its
 * rollout number would be reused, and a command annotation left behind would apply to that rollout.
 */
export function surplusOf({
  observed,
  revisions,
  requested,
  stable,
  target,
  tracks,
}: RolloutState): readonly Revision[] {
  const sorted = newestFirst(revisions);
  // While the candidate's Deployment exists, the stable one can carry the revision before: its outcome tells the phase.
  const running = tracks.candidate.deployment === undefined ? [] : Object.values(tracks);
  const needed = new Set([
    ...[requested, stable, target, sorted[0]].map((revision) => revision?.hash),
    ...running.flatMap(({ deployedHash, pods }) => [deployedHash, ...pods.map(({ hash }) => hash)]),
  ]);
  return sorted
    .filter(({ hash }) => !needed.has(hash))
    .slice(Math.min(maxHistory, observed.app.spec.revisionHistoryLimit));
}
