// `node tools/ci/verdict.ts`: requires that IMAGE is healthy in the environment before TO. Argo CD records each sync as a
// GitHub deployment, with the operator's verdict as its state (deploy/argocd/install/argocd-notifications-cm.yaml). With a
// reason in OVERRIDE, an image without a good verdict passes. Sets the output `verdict`, for the pull request.
import { command } from "../cluster/command.ts";
import { type Environment, environmentOf, fileOf, imageIn, previous } from "../promote.ts";
import { output, requiredEnv, summarize } from "./outputs.ts";
import { script } from "../script.ts";

/** A deployment with its newest state, such as `success`, `failure` or `in_progress`. */
export interface Deployment {
  readonly commit: string;
  readonly state: string;
  /** What the operator says about the version. Can be empty. */
  readonly description: string;
  /** The image that the environment's file names at that commit. Undefined if the clone doesn't have the commit. */
  readonly image: string | undefined;
}

/** Why the newest deployment of an environment is no good verdict on an image. Undefined if it is one. */
export function objectionTo(image: string, deployment: Deployment | undefined): string | undefined {
  if (deployment === undefined)
    return "no deployment by a GitHub App is recorded: Argo CD's notifications don't reach GitHub";
  const at = `commit ${deployment.commit.slice(0, 12)}`;
  if (deployment.image === undefined) return `its newest deployment is of ${at}, which main doesn't have`;
  if (deployment.image !== image)
    return `its newest deployment, of ${at}, has another image: ${deployment.image}`;
  if (deployment.state !== "success")
    return `its newest deployment, of ${at}, is "${deployment.state}" (${deployment.description || "no description"})`;
  return undefined;
}

/** A list of GitHub's API, the newest item first. */
const list = async <Item>(path: string): Promise<readonly Item[]> =>
  JSON.parse(await command(["gh", "api", path])) as readonly Item[];

/** A deployment or a status, in GitHub's API. */
interface Recorded {
  readonly creator: { readonly login: string; readonly type: string } | null;
}
interface RecordedDeployment extends Recorded {
  readonly id: number;
  readonly sha: string;
}
interface RecordedStatus extends Recorded {
  readonly state: string;
  readonly description: string | null;
}

/**
 * Whether a GitHub App, such as Argo CD's, has recorded something. Everyone who can write can record a deployment, also
 * by a workflow, and a job with an environment makes GitHub record one.
 */
const byApp = ({ creator }: Recorded): boolean =>
  creator?.type === "Bot" && creator.login !== "github-actions[bot]";

/** The newest deployment of an environment by an app, by GitHub and by the clone in the current folder. */
async function newestDeployment(environment: Environment): Promise<Deployment | undefined> {
  const deployments = `repos/${requiredEnv("GITHUB_REPOSITORY")}/deployments`;
  const recorded = await list<RecordedDeployment>(`${deployments}?environment=${environment}&per_page=100`);
  const newest = recorded.find(byApp);
  if (newest === undefined) return undefined;
  const statuses = await list<RecordedStatus>(`${deployments}/${newest.id}/statuses?per_page=100`);
  const status = statuses.find(({ creator }) => creator?.login === newest.creator?.login);
  const merged = await command(["git", "branch", "--remotes", "--contains", newest.sha, "origin/main"]).catch(
    () => "",
  );
  const text =
    merged === "" ? undefined : await command(["git", "show", `${newest.sha}:${fileOf(environment)}`]);
  const { state, description } = status ?? { state: "pending", description: null };
  return { commit: newest.sha, state, description: description ?? "", image: text && imageIn(text) };
}

/** Why an environment has no good verdict on an image. An error is also a reason, so that a person can override it. */
const objectionIn = (environment: Environment, image: string): Promise<string | undefined> =>
  newestDeployment(environment).then(
    (deployment) => objectionTo(image, deployment),
    (error: unknown) => `its newest deployment can't be read: ${String(error)}`,
  );

/** A text without line breaks: a second line would not belong to the output of the workflow, or to its paragraph. */
const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

/** The line on the verdict for the pull request. Throws if the promotion must not go on. */
export function verdictOf(source: Environment, objection: string | undefined, override: string): string {
  if (objection === undefined) return `\`${source}\` runs the image, and the operator has accepted it.`;
  const found = oneLine(`\`${source}\` has no good verdict on the image: ${objection}`);
  const by = process.env.GITHUB_ACTOR ?? "a person";
  const reason = oneLine(override);
  if (reason !== "") return `**Promoted without a verdict.** ${found}. @${by} gave the reason: ${reason}`;
  throw new Error(
    `${found}. Wait for Argo CD and the operator, fix ${source}, or start the workflow with a reason in "override"`,
  );
}

if (import.meta.main)
  await script(async () => {
    const source = previous(environmentOf(requiredEnv("TO")));
    // The first environment is where an image gets its first verdict.
    if (source === undefined) return output("verdict", "");
    const objection = await objectionIn(source, requiredEnv("IMAGE"));
    const verdict = verdictOf(source, objection, process.env.OVERRIDE ?? "");
    summarize(verdict);
    output("verdict", verdict);
  });
