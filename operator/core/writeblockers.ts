import { annotations } from "../api/names.ts";
import { reasonMessage } from "../api/reasons.ts";
import { type BlockerDraft, blockerDraft, kubectl } from "./blockerdraft.ts";
import type { Manifest } from "./manifest.ts";
import type { App, Observed, Refusal } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";
import { isAdmissionMessage, isPermissionRefusal, quotaMessage } from "./refusals.ts";

/** What a person can do about an object that has the name of one of the app's objects. */
function freeName(app: App, { kind, metadata }: Manifest): string {
  const hasOwner = (metadata.ownerReferences ?? []).length > 0;
  if (kind !== "Service" || hasOwner) {
    const remove = kubectl(app, `delete ${kind.toLowerCase()} ${metadata.name}`);
    return `Delete the object (${remove}) or rename the DemoApp.`;
  }
  const adopt = kubectl(app, `annotate demoapp ${app.name} ${annotations.adopt}=service`);
  return `Adopt the Service (${adopt}), or delete or rename the Service.`;
}

function nameBlocker(app: App, live: Manifest | undefined): readonly BlockerDraft[] {
  const ownership = ownershipOf(app, live);
  if (live === undefined || (ownership !== "taken" && ownership !== "terminating")) return [];
  const object = `${live.kind}/${live.metadata.name}`;
  if (ownership === "taken")
    return [blockerDraft(object, reasonMessage("NameTaken", { object }), freeName(app, live))];
  const next = `Wait until ${object} is deleted; the operator then continues.`;
  return [blockerDraft(object, reasonMessage("NameInDeletion", { object }), next)];
}

interface RefusalRule {
  readonly reason: "PermissionMissing" | "QuotaExceeded" | "AdmissionRefused" | "ApplyRefused";
  readonly matches: (refusal: Refusal) => boolean;
  readonly next: (app: App) => string;
}

/** Why the API server refused a write, and what a person can do; the first match wins. */
const refusalRules: readonly RefusalRule[] = [
  {
    reason: "PermissionMissing",
    matches: isPermissionRefusal,
    next: () => "Apply deploy/operator again: its ClusterRole has every permission that the operator uses.",
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
  {
    reason: "ApplyRefused",
    matches: () => true,
    next: (app) =>
      `Correct the field that the message names, in Git or with ${kubectl(app, `edit demoapp ${app.name}`)}.`,
  },
];

function refusalBlocker(app: App, refusal: Refusal): readonly BlockerDraft[] {
  const rule = refusalRules.find(({ matches }) => matches(refusal));
  if (rule === undefined) return [];
  const problem = reasonMessage(rule.reason, { detail: refusal.message });
  return [blockerDraft(refusal.object, problem, rule.next(app))];
}

/**
 * Blockers that stop every write except the status; empty if the operator may write. All writes stop together, so
 * that the operator never applies half of a change.
 */
export function writeBlockersOf(observed: Observed): readonly BlockerDraft[] {
  const { app, deployment, service, refused } = observed;
  return [
    ...(refused ? refusalBlocker(app, refused) : []),
    ...nameBlocker(app, deployment),
    ...nameBlocker(app, service),
    ...observed.revisions.flatMap(({ live }) =>
      ownershipOf(app, live) === "terminating" ? nameBlocker(app, live) : [],
    ),
  ];
}
