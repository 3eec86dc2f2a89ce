import { reasonMessage } from "../api/reasons.ts";
import { type BlockerDraft, blockerDraft } from "./blockerdraft.ts";
import { podRefusalOf } from "./deployment.ts";
import { quotaMessage } from "./refusals.ts";
import type { RolloutState } from "./rolloutstate.ts";

interface PodRefusalRule {
  readonly reason:
    "QuotaExceeded" | "LimitRangeExceeded" | "PodSecurityRefused" | "ServiceAccountMissing" | "PodsRefused";
  readonly pattern: RegExp;
  readonly next: string;
}

/** Why the API server refuses new pods, and what a person can do; the first match wins. */
const podRefusalRules: readonly PodRefusalRule[] = [
  {
    reason: "QuotaExceeded",
    pattern: quotaMessage,
    next: "Raise the ResourceQuota, or lower spec.replicas or spec.resources.",
  },
  {
    reason: "LimitRangeExceeded",
    pattern: /(maximum|minimum) (cpu|memory|\S+) usage per|limit to request ratio/i,
    next: "Bring spec.resources within the namespace's LimitRange.",
  },
  {
    reason: "PodSecurityRefused",
    pattern: /violates PodSecurity/i,
    next: "Remove from spec.pod the fields that status.blockers names; the defaults meet the restricted standard.",
  },
  {
    reason: "ServiceAccountMissing",
    pattern: /service ?account .*not found|error looking up service account/i,
    next: "Create the service account, or correct spec.pod.serviceAccountName.",
  },
  {
    reason: "PodsRefused",
    pattern: /./,
    next: "Change the DemoApp so that the API server accepts its pods.",
  },
];

/** Deployments whose pods the API server refuses. */
export function podRefusalBlockers({ tracks }: RolloutState): readonly BlockerDraft[] {
  return Object.values(tracks).flatMap(({ deployment }) => {
    const quote = podRefusalOf(deployment) ?? "";
    const rule = podRefusalRules.find(({ pattern }) => pattern.test(quote));
    if (!rule || !deployment) return [];
    const problem = reasonMessage(rule.reason, { quote });
    return [blockerDraft(`Deployment/${deployment.metadata.name}`, problem, rule.next)];
  });
}
