import { childAnnotations as keys, containerName, labels, revisionName } from "../api/names.ts";
import { isTime } from "../api/schema/spec.ts";
import { templateMetadataOf, withoutRestarts } from "./deployment.ts";
import { isTooDeep } from "./fields.ts";
import { canonicalHashOf, digestOf, hashOf } from "./hash.ts";
import { type Fields, type Manifest, compact, fieldsOf, isFields } from "./manifest.ts";
import { type App, type Observed, type Outcome, type Revision, timestamp } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";
import { renderPodTemplate } from "./render/pod.ts";
import { requestedOf, rolloutNumber, stableOf } from "./revisions.ts";
import { annotationText, imageText, messageIn } from "./revisiontexts.ts";

const outcomes: ReadonlySet<string> = new Set<Outcome>(["accepted", "rejected", "superseded"]);

const isOutcome = (text: string | undefined): text is Outcome => text !== undefined && outcomes.has(text);

/** Longest JSON of a template: that of a template that the operator renders. */
const maxTemplateLength = 256 * 1024;

/** Most levels of a template: the schema of a spec allows 64 in a field of a pod. */
const maxTemplateLevels = 128;

/** The template that a ControllerRevision stores; undefined if the operator can't have written it. */
function storedTemplate({ metadata, data }: Manifest): Fields | undefined {
  const template = isFields(data) ? data["template"] : undefined;
  const hash = metadata.labels?.[labels.hash];
  if (hash === undefined || !isFields(template) || hashIn(template) !== hash) return undefined;
  if (isTooDeep(template, maxTemplateLevels)) return undefined;
  return JSON.stringify(template).length <= maxTemplateLength ? template : undefined;
}

/** What a cached ControllerRevision has instead of a valid template. */
class DroppedTemplate {
  readonly image: string;
  readonly digest: string;

  constructor(template: Fields) {
    this.image = imageIn(template);
    this.digest = digestOf(template);
  }
}

/**
 * The dropped template of a revision, if today's operator renders the same one from the spec: the template needs not be read.
 * Undefined if it does not, for example because an older release rendered the revision.
 */
export function renderedAgain(app: App, { hash, templateDigest }: Revision): Fields | undefined {
  if (app.spec === undefined || hash !== canonicalHashOf(app.spec)) return undefined;
  const template = renderPodTemplate(app, app.spec);
  return digestOf(template) === templateDigest ? template : undefined;
}

/** A ControllerRevision without its template. If the template is not valid, `data` is undefined. */
export function withoutTemplate(object: Manifest): Manifest {
  const template = storedTemplate(object);
  return { ...object, data: template && new DroppedTemplate(template) };
}

/**
 * Reads a revision from a ControllerRevision, with or without its template; undefined if the object does not have the
 * content of one.
 */
export function readRevision(live: Manifest): Revision | undefined {
  const { annotations = {}, creationTimestamp } = live.metadata;
  const hash = live.metadata.labels?.[labels.hash];
  const rollout = rolloutNumber(live["revision"]);
  const template = storedTemplate(live);
  const { data } = live;
  const dropped = data instanceof DroppedTemplate ? data : undefined;
  const image = dropped?.image ?? (template && imageIn(template));
  if (hash === undefined || rollout === undefined || image === undefined) return undefined;
  const text = (name: "reason" | "message" | "quote"): string | undefined =>
    annotationText(name, annotations[keys[name]]);
  const timeOf = (time: string | undefined): string | undefined =>
    time !== undefined && isTime(time) ? time : undefined;
  const startedAt = timeOf(annotations[keys.startedAt]) ?? creationTimestamp ?? timestamp(0);
  const stored = annotations[keys.outcome];
  const outcome = isOutcome(stored) ? stored : undefined;
  const finishedAt = outcome && (timeOf(annotations[keys.finishedAt]) ?? startedAt);
  return {
    hash,
    rollout,
    image,
    template,
    templateDigest: dropped?.digest,
    startedAt,
    outcome,
    finishedAt,
    acceptedAt: outcome === "accepted" ? finishedAt : timeOf(annotations[keys.acceptedAt]),
    reason: /^\w+$/.exec(text("reason") ?? "")?.[0],
    ...messageIn(text("message"), text("quote")),
    live,
  };
}

/** The hash label of a pod template that has containers. */
function hashIn({ metadata, spec }: Fields): string | undefined {
  if (!isFields(metadata) || !isFields(metadata["labels"]) || !isFields(spec)) return undefined;
  const hash = metadata["labels"][labels.hash];
  const { containers, initContainers = [] } = spec;
  const isRunnable = [containers, initContainers].every(
    (list) => Array.isArray(list) && list.every(isFields),
  );
  return isRunnable && typeof hash === "string" ? hash : undefined;
}

/** The image of the app's container. The annotation with the image is for people, and can differ. */
function imageIn({ spec }: Fields): string {
  const containers = fieldsOf(spec)["containers"] as readonly Fields[];
  return imageText(containers.find(({ name }) => name === containerName)?.["image"]);
}

/** True if a revision has the hash of the requested spec and another image, which no operator can have written. */
const isForged = ({ spec }: App, { hash, image }: Revision): boolean =>
  spec !== undefined && image !== spec.image && [hashOf(spec), canonicalHashOf(spec)].includes(hash);

type Live = Pick<Observed, "app" | "deployments">;

/**
 * Why a ControllerRevision with the app's labels is not believed. Anyone who may create ControllerRevisions can give
 * them the labels, so the controller reference has to name this DemoApp. A revision without a controller counts while
 * the app's Deployment has none either: a deleted DemoApp of this name left both behind.
 */
function mistrust({ app, deployments }: Live, object: Manifest): string | undefined {
  const { name, labels: own = {} } = object.metadata;
  const ownership = ownershipOf(app, object);
  const isLeftBehind = ownership === "adoptable" && ownershipOf(app, deployments.stable) === "adoptable";
  if (ownership === "terminating") return "is still being deleted";
  if (ownership !== "owned" && !isLeftBehind) return "is not owned by this DemoApp";
  if (name !== revisionName(app.name, own[labels.hash] ?? ""))
    return "has a name that does not match its label";
  return undefined;
}

function mistrustContent(app: App, revision: Revision | undefined): string | undefined {
  if (revision === undefined) return "has not the content of a revision";
  return isForged(app, revision) ? "has another image than the spec with its hash" : undefined;
}

/** Splits the ControllerRevisions with the app's labels into the app's revisions and those that are not believed. */
export function readRevisions(
  live: Live,
  objects: readonly Manifest[],
): Pick<Observed, "revisions" | "ignoredRevisions"> {
  const read = objects.map((object) => {
    const revision = readRevision(object);
    const why = mistrust(live, object) ?? mistrustContent(live.app, revision);
    return { object, revision, why };
  });
  return {
    revisions: read.flatMap(({ revision, why }) => (revision && why === undefined ? [revision] : [])),
    ignoredRevisions: read.flatMap(({ object, why }) => (why === undefined ? [] : [{ live: object, why }])),
  };
}

/** True for a text that `hashOf` can return. */
const isHash = (text: string): boolean => /^[0-9a-f]{10}$/.test(text);

/** The revision that a live Deployment runs, as its pod template and annotations tell it. */
function deployedRevision(app: App, deployment: Manifest, hash: string): Revision {
  const { annotations = {}, creationTimestamp } = deployment.metadata;
  const spec = deployment["spec"] as { readonly template: Fields };
  const { labels: podLabels, annotations: own } = templateMetadataOf(deployment) ?? {};
  const startedAt = creationTimestamp ?? timestamp(0);
  const metadata = { name: revisionName(app.name, hash), namespace: app.namespace };
  return {
    hash,
    rollout: rolloutNumber(annotations[keys.rollout]) ?? 1,
    image: imageIn(spec.template),
    template: {
      ...spec.template,
      metadata: compact({ labels: podLabels, annotations: withoutRestarts(own) }),
    },
    startedAt,
    outcome: "superseded",
    finishedAt: startedAt,
    reason: undefined,
    message: undefined,
    live: { apiVersion: "apps/v1", kind: "ControllerRevision", metadata },
  };
}

/**
 * Adds the revision that the live Deployment runs if its ControllerRevision is missing, because somebody deleted it.
 * The revision counts as accepted if the status names it as the stable one, or if it is not the requested one and no
 * other was accepted: the operator deploys only the requested and the stable revision. Otherwise its rollout starts
 * anew.
 */
export function withDeployedRevision<O extends Observed>(observed: O): O {
  const { app, revisions } = observed;
  const deployment = observed.deployments.stable;
  if (deployment === undefined || !/^(owned|adoptable)$/.test(ownershipOf(app, deployment))) return observed;
  const hash = templateMetadataOf(deployment)?.labels?.[labels.hash];
  if (hash === undefined || !isHash(hash) || revisions.some((revision) => revision.hash === hash))
    return observed;
  const deployed = deployedRevision(app, deployment, hash);
  if (isForged(app, deployed)) return observed;
  const isRequested = app.spec !== undefined && requestedOf(app.spec, [deployed]) !== undefined;
  const isStable = app.status?.stable?.hash === hash || (!isRequested && stableOf(revisions) === undefined);
  const revision: Revision = { ...deployed, outcome: isStable ? "accepted" : "superseded" };
  return { ...observed, revisions: [...revisions, revision] };
}

/** True if a revision lost its owner reference: its app was orphaned, or was restored from a backup. */
export const hasLostOwner = (app: App, { live }: Revision): boolean =>
  !(live.metadata.ownerReferences ?? []).some((owner) => owner.uid === app.uid);

/** Null for each annotation of a ControllerRevision: a merge patch removes those that it does not set. */
const noAnnotations = Object.fromEntries(
  [
    keys.image,
    keys.startedAt,
    keys.outcome,
    keys.finishedAt,
    keys.acceptedAt,
    keys.reason,
    keys.message,
    keys.quote,
  ].map((key) => [key, null]),
);

/**
 * The merge patch that stores a revision in its ControllerRevision. It leaves out `data`, which never changes: an apply
 * would spell it in another order of keys than the POST did, and the API server would take that for a change.
 */
export function revisionPatch(app: App, revision: Revision, outcome: Manifest): Fields {
  const { resourceVersion, labels: own, annotations, ownerReferences } = outcome.metadata;
  return {
    metadata: {
      resourceVersion,
      labels: own,
      annotations: { ...noAnnotations, ...annotations },
      // A merge patch replaces the whole list, so an intact list is left out: other owners stay.
      ...(hasLostOwner(app, revision) && { ownerReferences }),
    },
    revision: outcome["revision"],
  };
}

/** True if a revision still has the quote of a rejection that a later acceptance made obsolete. */
export const hasObsoleteQuote = ({ rollout, quote }: Revision, stable: Revision | undefined): boolean =>
  quote !== undefined && stable !== undefined && stable.rollout > rollout;

/** True if the revision is stored in a ControllerRevision. */
export const isStored = ({ live }: Revision): boolean => live["data"] !== undefined;
