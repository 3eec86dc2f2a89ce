import { isOperator, specFields } from "./claims.ts";
import { type RollingUpdate, countOf } from "./defaults.ts";
import type { TrackFacts } from "./facts.ts";
import { type Manifest, fieldsOf } from "./manifest.ts";

/** The limits that a live Deployment has. */
function rollingUpdateIn(deployment: Manifest | undefined): RollingUpdate {
  const { rollingUpdate } = fieldsOf(fieldsOf(deployment?.["spec"])["strategy"]);
  const { maxSurge = 0, maxUnavailable = 0 } = fieldsOf(rollingUpdate) as Partial<RollingUpdate>;
  return { maxSurge, maxUnavailable };
}

/** The limits of a live Deployment; undefined if the operator did not write them. */
export function ownLimits(deployment: Manifest): RollingUpdate | undefined {
  const { "f:strategy": strategy = {} } = specFields(deployment.metadata.managedFields?.find(isOperator));
  const { "f:rollingUpdate": own = {} } = strategy;
  return "f:maxSurge" in own && "f:maxUnavailable" in own ? rollingUpdateIn(deployment) : undefined;
}

/** The limits of a live Deployment as numbers of pods. */
export function liveLimits({ deployment, size = 0 }: TrackFacts): { surge: number; unavailable: number } {
  const { maxSurge, maxUnavailable } = rollingUpdateIn(deployment);
  const surge = countOf(maxSurge, size, "up");
  const unavailable = countOf(maxUnavailable, size, "down");
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}
