import { childAnnotations as keys, containerName, labels, revisionName } from "../api/names.ts";
import { isTime } from "../api/schema/spec.ts";
import { templateMetadataOf, withoutRestarts } from "./deployment.ts";
import { type Fields, type Manifest, compact, isFields } from "./manifest.ts";
import { type App, type Observed, type Outcome, type Revision, timestamp } from "./observed.ts";
import { ownershipOf } from "./ownership.ts";
import { requestedOf, rolloutNumber, stableOf } from "./revisions.ts";
import { cleanText, maxQuote } from "./text.ts";

const outcomes: ReadonlySet<string> = new Set<Outcome>(["accepted", "rejected", "superseded"]);

const isOutcome = (text: string | undefined): text is Outcome => text !== undefined && outcomes.has(text);

/** The longest texts that the schema of the status allows, in characters. */
const maxLengths = { image: 512, reason: 128, message: 2048, quote: maxQuote } as const;

const pod = String.raw`pod [\w.-]+`;
/** Every message of a rejection in the operator's words. In earlier versions, untrusted text followed after a colon. */
const ownWords = new RegExp(
  `^(${[
    String.raw`container [\w.-]+ of ${pod} is crash-looping, last with (?:exit code -?\d+|OOMKilled|no exit was recorded)`,
    `${pod} can't pull its image(?:, which the registry does not have)?`,
    String.raw`${pod} started and was not ready within progressDeadlineSeconds \d+(?: \([\w ,.]+\))?`,
    String.raw`aborted by the annotation demoapp\.dev/abort`,
  ].join("|")})(?:: (.+))?$`,
);

/** The operator's words in the message of a stored revision, and the quote. Anybody can have edited the annotations. */
function messageIn(message: string | undefined, quote: string | undefined) {
  const [, words, output] = ownWords.exec(message ?? "") ?? [];
  return { message: words, quote: quote ?? output ?? (words === undefined ? message : undefined) };
}

/** The image if it is one word, which can't be taken for a sentence. */
const imageText = (image: string): string => (/^\S*$/.test(image) ? image : "");

/** Reads a revision from a ControllerRevision; undefined if the object does not have the content of one. */
export function readRevision(live: Manifest): Revision | undefined {
  const { annotations = {}, creationTimestamp } = live.metadata;
  const data = live["data"];
  const hash = live.metadata.labels?.[labels.hash];
  const rollout = rolloutNumber(live["revision"]);
  const template = isFields(data) ? data["template"] : undefined;
  if (hash === undefined || rollout === undefined || !isFields(template) || hashIn(template) !== hash)
    return undefined;
  const text = (name: keyof typeof maxLengths): string | undefined => {
    const value = annotations[keys[name]];
    return value === undefined ? undefined : cleanText(value, maxLengths[name]);
  };
  const timeOf = (time: string | undefined): string | undefined =>
    time !== undefined && isTime(time) ? time : undefined;
  const startedAt = timeOf(annotations[keys.startedAt]) ?? creationTimestamp ?? timestamp(0);
  const stored = annotations[keys.outcome];
  const outcome = isOutcome(stored) ? stored : undefined;
  return {
    hash,
    rollout,
    image: imageText(text("image") ?? ""),
    template,
    startedAt,
    outcome,
    finishedAt: outcome && (timeOf(annotations[keys.finishedAt]) ?? startedAt),
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

/** Splits the ControllerRevisions with the app's labels into the app's revisions and those that are not believed. */
export function readRevisions(
  live: Live,
  objects: readonly Manifest[],
): Pick<Observed, "revisions" | "ignoredRevisions"> {
  const read = objects.map((object) => {
    const revision = readRevision(object);
    const why = mistrust(live, object) ?? (revision ? undefined : "has not the content of a revision");
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
  const spec = deployment["spec"] as { readonly template: Fields & { readonly spec: Fields } };
  const { labels: podLabels, annotations: own } = templateMetadataOf(deployment) ?? {};
  const containers = spec.template.spec["containers"] as readonly Fields[];
  const image = containers.find(({ name }) => name === containerName)?.["image"];
  const startedAt = creationTimestamp ?? timestamp(0);
  const metadata = { name: revisionName(app.name, hash), namespace: app.namespace };
  return {
    hash,
    rollout: rolloutNumber(annotations[keys.rollout]) ?? 1,
    image: imageText(typeof image === "string" ? cleanText(image, maxLengths.image) : ""),
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
  const isRequested = app.spec !== undefined && requestedOf(app.spec, [deployed]) !== undefined;
  const isStable = app.status?.stable?.hash === hash || (!isRequested && stableOf(revisions) === undefined);
  const revision: Revision = { ...deployed, outcome: isStable ? "accepted" : "superseded" };
  return { ...observed, revisions: [...revisions, revision] };
}

/** True if the revision is stored in a ControllerRevision. */
export const isStored = ({ live }: Revision): boolean => live["data"] !== undefined;
