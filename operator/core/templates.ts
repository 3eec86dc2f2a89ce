import { annotations } from "../api/names.ts";
import type { DemoAppSpec } from "../api/schema.ts";
import { isCommanded } from "./decide.ts";
import type { Observed, ObservedApp, Revision } from "./observed.ts";
import { candidateOf, isRequestedBy, isSpelling, newestFirst, requestedOf, stableOf } from "./revisions.ts";
import { hasLostOwner, hasObsoleteQuote } from "./storedrevisions.ts";

/** How many revisions one plan rewrites, beside those in use: each needs its template, which can have 256 KiB. */
const maxRewrites = 4;

/** The revisions whose templates are needed to find the one that a spec asks for, newest first. */
function neededForSpelling(spec: DemoAppSpec, revisions: readonly Revision[]): readonly Revision[] {
  const sorted = newestFirst(revisions);
  const found = sorted.findIndex((revision) => isRequestedBy(spec, revision));
  return sorted
    .slice(0, found === -1 ? sorted.length : found)
    .filter(
      (revision) =>
        revision.template === undefined && revision.isRespelt === undefined && isSpelling(spec, revision),
    );
}

const isObservedApp = (observed: Pick<Observed, "app">): observed is Pick<ObservedApp, "app"> =>
  observed.app.spec !== undefined;

/**
 * The revisions whose templates a plan for the app needs: to find the requested revision, to render Deployments, to judge
 * the candidate, and to write a revision again, whose data must stay. The revisions come first on which other needs
 * depend. Caches keep no other templates. A plan does not write a revision without its template; the next plan needs
 * fewer rewrites.
 */
export function neededTemplates(observed: Pick<Observed, "app" | "revisions">): readonly Revision[] {
  const { revisions } = observed;
  if (!isObservedApp(observed)) return [];
  const { app } = observed;
  const forSpelling = neededForSpelling(app.spec, revisions);
  const requested = requestedOf(app.spec, revisions);
  const isTried = requested?.outcome !== "rejected" || isCommanded(app, annotations.retry, requested);
  const stable = stableOf(revisions);
  const inUse = [stable, candidateOf(revisions), ...(isTried ? [requested] : [])];
  const others = newestFirst(revisions).filter((revision) => !inUse.includes(revision));
  // Quotes come last: one that can't be removed must not delay for ever what the Deployment waits for.
  const rewritten = new Set([
    ...others.filter((revision) => revision.outcome === undefined || hasLostOwner(app, revision)),
    ...others.filter((revision) => hasObsoleteQuote(revision, stable)),
  ]);
  return [...new Set([...forSpelling, ...inUse, ...[...rewritten].slice(0, maxRewrites)])].filter(
    (revision) => revision !== undefined,
  );
}
