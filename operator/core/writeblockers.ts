import { adoptBy, formerAdopt, revisionName } from "../api/names.ts";
import { reasonMessage } from "../api/reasons.ts";
import type { Scope } from "./action.ts";
import { type BlockerDraft, blockerDraft, kubectl } from "./blockerdraft.ts";
import { canonicalHashOf, hashOf } from "./hash.ts";
import type { Manifest } from "./manifest.ts";
import type { App, Observed, Refusal } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";
import { candidateOf, maxRollout, stableOf, usedRollouts } from "./revisions.ts";
import { isAdmissionMessage, isPermissionRefusal, quotaMessage } from "./refusals.ts";
import { stepsOf, strategyOf } from "./strategies/strategy.ts";
import { managerText } from "./text.ts";

/** A blocker that stops the writes of its scope, and the writes that depend on them. */
export interface WriteBlocker extends BlockerDraft {
  readonly scope: Scope;
}

/** What a person can do about an object that has the name of one of the app's objects. */
function freeName(app: App, { kind, metadata }: Manifest): string {
  const hasOwner = (metadata.ownerReferences ?? []).length > 0;
  if (kind !== "Service" || hasOwner) {
    const remove = kubectl(app, `delete ${kind.toLowerCase()} ${metadata.name}`);
    return `Delete the object (${remove}) or rename the DemoApp.`;
  }
  const consent = kubectl(app, `annotate service ${metadata.name} ${adoptBy}=${app.name}`);
  const former = ` The annotation ${formerAdopt} of the DemoApp is no longer read.`;
  return `Ask the owner of the Service to hand it over (${consent}), or delete or rename the Service.${
    app.annotations[formerAdopt] === undefined ? "" : former
  }`;
}

function nameBlocker(app: App, live: Manifest | undefined, scope: Scope): readonly WriteBlocker[] {
  const ownership = ownershipOf(app, live);
  if (live === undefined || (ownership !== "taken" && ownership !== "terminating")) return [];
  const object = `${live.kind}/${live.metadata.name}`;
  const [reason, next] =
    ownership === "taken"
      ? (["NameTaken", freeName(app, live)] as const)
      : (["NameInDeletion", `Wait until ${object} is deleted; the operator then continues.`] as const);
  return [{ scope, ...blockerDraft(object, reasonMessage(reason, { object }), next) }];
}

interface RefusalRule {
  readonly reason: "PermissionMissing" | "QuotaExceeded" | "AdmissionRefused" | "ApplyRefused";
  readonly matches: (refusal: Refusal) => boolean;
  readonly next: (app: App) => string;
}

const applyRefused: RefusalRule = {
  reason: "ApplyRefused",
  matches: () => true,
  next: (app) =>
    `Correct the field that status.blockers names, in Git or with ${kubectl(app, `edit demoapp ${app.name}`)}.`,
};

/** Why the API server refused a write, and what a person can do; the first match wins. */
const refusalRules: readonly RefusalRule[] = [
  {
    reason: "PermissionMissing",
    matches: isPermissionRefusal,
    next: () =>
      "Apply deploy/operator or deploy/namespaced again: each has every permission that the operator uses.",
  },
  {
    reason: "QuotaExceeded",
    matches: ({ message }) => quotaMessage.test(message),
    next: () => "Raise the ResourceQuota.",
  },
  {
    reason: "AdmissionRefused",
    matches: ({ status, message }) => status === 403 || isAdmissionMessage(message),
    next: () =>
      "Change the DemoApp so that the webhook or policy allows it, or ask its owner for an exception.",
  },
];

/** The blocker for an object that another writer changes after each repair. */
function contestedBlocker(app: App, { object, scope }: Refusal, by: string): WriteBlocker {
  const manager = managerText(by);
  const [kind = "", name = ""] = object.split("/");
  const show = kubectl(app, `get ${kind.toLowerCase()} ${name} --show-managed-fields -o yaml`);
  const next = `Find the fields of ${manager} (${show}), and set them in the DemoApp or stop ${manager}.`;
  return { scope, ...blockerDraft(object, reasonMessage("Contested", { object, manager }), next) };
}

/** The blocker for a request that the API server refused, or that another writer contests. */
export function refusalBlocker(app: App, refusal: Refusal): WriteBlocker {
  if (refusal.contestedBy !== undefined) return contestedBlocker(app, refusal, refusal.contestedBy);
  const rule = refusalRules.find(({ matches }) => matches(refusal)) ?? applyRefused;
  const problem = reasonMessage(rule.reason, { quote: refusal.message });
  return { scope: refusal.scope, ...blockerDraft(refusal.object, problem, rule.next(app)) };
}

/** The blocker for a write that failed several times in a row, although a retry may succeed. */
export function failureBlocker({ object, scope, message }: Refusal): WriteBlocker {
  const problem = reasonMessage("WriteFailed", { object, quote: message });
  const next =
    "Check the API server and its etcd (kubectl get --raw /readyz?verbose); the operator retries by itself.";
  return { scope, ...blockerDraft(object, problem, next) };
}

/** Terminating objects that have the name of the requested revision. Other terminating ControllerRevisions block nothing. */
function terminatingRevisions({ app, ignoredRevisions }: Observed): readonly Manifest[] {
  if (app.spec === undefined) return [];
  const names = new Set(
    [hashOf(app.spec), canonicalHashOf(app.spec)].map((hash) => revisionName(app.name, hash)),
  );
  return ignoredRevisions.flatMap(({ live }) => (names.has(live.metadata.name) ? [live] : []));
}

/** An object with the highest possible rollout number: a next rollout could not get a higher one. */
function numberBlockers(observed: Observed): readonly WriteBlocker[] {
  const last = usedRollouts(observed).find(({ rollout }) => rollout >= maxRollout);
  if (last === undefined) return [];
  const next = `Correct the number in ${last.object}, or delete the object.`;
  return [
    { scope: "revision", ...blockerDraft(last.object, reasonMessage("RolloutNumbersUsedUp", last), next) },
  ];
}

/** True if a rollout with steps is in progress: nothing else needs the candidate's name. */
const needsCandidate = ({ app: { spec }, revisions }: Observed): boolean =>
  spec !== undefined &&
  stepsOf(spec).length > 0 &&
  stableOf(revisions) !== undefined &&
  candidateOf(revisions) !== undefined;

/** True if a rollout is in progress whose candidate has a Service of its own. */
const needsPreview = (observed: Observed): boolean =>
  observed.app.spec !== undefined && strategyOf(observed.app.spec).hasPreview && needsCandidate(observed);

/** Blockers that stop writes; each only those of its scope and those that depend on them. */
export function writeBlockersOf(observed: Observed): readonly WriteBlocker[] {
  const { app, deployments, service, preview } = observed;
  return [
    ...observed.refused.map((refusal) => refusalBlocker(app, refusal)),
    ...nameBlocker(app, deployments.stable, "stable"),
    ...(needsCandidate(observed) ? nameBlocker(app, deployments.candidate, "candidate") : []),
    ...nameBlocker(app, service, "traffic"),
    ...(needsPreview(observed) ? nameBlocker(app, preview, "preview") : []),
    ...terminatingRevisions(observed).flatMap((live) => nameBlocker(app, live, "revision")),
    ...numberBlockers(observed),
  ];
}
