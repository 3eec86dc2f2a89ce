import { annotations } from "../api/names.ts";
import type { DemoAppSpec } from "../api/schema.ts";
import { isCommanded } from "./decide.ts";
import type { Observed, ObservedApp, Revision } from "./observed.ts";
import { candidateOf, isRequestedBy, isSpelling, newestFirst, requestedOf, stableOf } from "./revisions.ts";

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
 * The revisions whose templates a plan for the app needs: to find the requested revision, to render Deployments, and to
 * judge the candidate. The revisions come first on which other needs depend. Caches keep no other templates.
 */
export function neededTemplates(observed: Pick<Observed, "app" | "revisions">): readonly Revision[] {
  const { revisions } = observed;
  if (!isObservedApp(observed)) return [];
  const { app } = observed;
  const forSpelling = neededForSpelling(app.spec, revisions);
  const requested = requestedOf(app.spec, revisions);
  const isTried = requested?.outcome !== "rejected" || isCommanded(app, annotations.retry, requested);
  const inUse = [stableOf(revisions), candidateOf(revisions), ...(isTried ? [requested] : [])];
  return [...new Set([...forSpelling, ...inUse])].filter((revision) => revision !== undefined);
}
