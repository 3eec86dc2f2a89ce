import { deploymentName, serviceName } from "../api/names.ts";
import { type ReasonMessage, reasonMessage } from "../api/reasons.ts";
import type { Manifest } from "./manifest.ts";
import type { App, Observed, Refusal } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";

/** Something in the way of every write, the object it is about, and what a person can do. */
export interface WriteBlocker extends ReasonMessage {
  readonly object: string;
  readonly next: string;
}

const adoptService = ({ namespace, name }: App): string =>
  `To take the Service over: kubectl -n ${namespace} annotate demoapp ${name} demoapp.dev/adopt=service. Else delete or rename it.`;

function holdOnName(app: App, live: Manifest | undefined): readonly WriteBlocker[] {
  const ownership = ownershipOf(app, live);
  if (live === undefined || (ownership !== "taken" && ownership !== "going")) return [];
  const object = `${live.kind}/${live.metadata.name}`;
  if (ownership === "going") {
    const next = `Nothing: it goes on when ${object} is gone.`;
    return [{ object, ...reasonMessage("NameInDeletion", { object }), next }];
  }
  const resource = live.kind.toLowerCase();
  const remove = `Delete it (kubectl -n ${app.namespace} delete ${resource} ${live.metadata.name}) or give the DemoApp another name.`;
  const owned = (live.metadata.ownerReferences ?? []).length > 0;
  const next = live.kind === "Service" && !owned ? adoptService(app) : remove;
  return [{ object, ...reasonMessage("NameTaken", { object }), next }];
}

const permission = (refused: Refusal): boolean =>
  refused.status === 403 && / cannot \w+ resource /.test(refused.message);
const quota = (refused: Refusal): boolean => /exceeded quota|failed quota/i.test(refused.message);
/**
 * True for the words of a webhook, of one that can't be reached, or of a policy. Their status says nothing: a webhook
 * gives whatever it likes, and a policy 422, as a field that is wrong does.
 */
export const isOfAdmission = (message: string): boolean =>
  /admission webhook|failed calling webhook|ValidatingAdmissionPolicy/i.test(message);
const admission = ({ status, message }: Refusal): boolean => status === 403 || isOfAdmission(message);

function holdOnRefusal(app: App, refused: Refusal): WriteBlocker {
  const { object } = refused;
  const words = { words: refused.message };
  if (permission(refused)) {
    const next = "Apply deploy/operator again: its ClusterRole has every permission that the operator uses.";
    return { object, ...reasonMessage("PermissionMissing", words), next };
  }
  if (quota(refused))
    return { object, ...reasonMessage("QuotaExceeded", words), next: "Raise the ResourceQuota." };
  if (admission(refused)) {
    const next =
      "Change the DemoApp so that the webhook or policy allows it, or ask its owner for an exception.";
    return { object, ...reasonMessage("AdmissionRefused", words), next };
  }
  const next = `Correct the field that the message names: kubectl -n ${app.namespace} edit demoapp ${app.name}, or in Git.`;
  return { object, ...reasonMessage("ApplyRefused", words), next };
}

/** Why nothing but status may be written now; empty if nothing holds the app. Half a change is never applied. */
export function holdsOf(observed: Observed): readonly WriteBlocker[] {
  const { app, deployment, service, refused } = observed;
  return [
    ...(refused ? [holdOnRefusal(app, refused)] : []),
    ...holdOnName(app, deployment),
    ...holdOnName(app, service),
    ...observed.revisions.flatMap(({ live }) =>
      ownershipOf(app, live) === "going" ? holdOnName(app, live) : [],
    ),
  ];
}

/** The names of the objects that an app needs, and so may find taken. */
export const claimedNames = ({ name }: Pick<App, "name">): { deployment: string; service: string } => ({
  deployment: deploymentName(name),
  service: serviceName(name),
});
