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
    return "no deployment is recorded: Argo CD's notifications don't reach GitHub";
  const at = `commit ${deployment.commit.slice(0, 12)}`;
  if (deployment.image === undefined) return `its newest deployment is of ${at}, which main doesn't have`;
  if (deployment.image !== image)
    return `its newest deployment, of ${at}, has another image: ${deployment.image}`;
  if (deployment.state !== "success")
    return `its newest deployment, of ${at}, is "${deployment.state}" (${deployment.description || "no description"})`;
  return undefined;
}

const api = async (path: string): Promise<unknown> => JSON.parse(await command(["gh", "api", path]));

/** The newest deployment of an environment, by GitHub and by the clone in the current folder. */
async function newestDeployment(environment: Environment): Promise<Deployment | undefined> {
  const deployments = `repos/${requiredEnv("GITHUB_REPOSITORY")}/deployments`;
  const query = `${deployments}?environment=${environment}&per_page=20`;
  const recorded = (await api(query)) as readonly { id: number; sha: string; creator: { login: string } }[];
  // A job with an environment makes GitHub record a deployment of its own, which says nothing about the version.
  const newest = recorded.find(({ creator }) => creator.login !== "github-actions[bot]");
  if (newest === undefined) return undefined;
  const statuses = `${deployments}/${newest.id}/statuses?per_page=1`;
  const [status] = (await api(statuses)) as readonly { state: string; description: string }[];
  const merged = await command(["git", "branch", "--remotes", "--contains", newest.sha, "origin/main"]).catch(
    () => "",
  );
  const text =
    merged === "" ? undefined : await command(["git", "show", `${newest.sha}:${fileOf(environment)}`]);
  const { state = "pending", description = "" } = status ?? {};
  return { commit: newest.sha, state, description, image: text && imageIn(text) };
}

/** The sentence on the verdict for the pull request. Throws if the promotion must not go on. */
export function verdictOf(source: Environment, objection: string | undefined, override: string): string {
  if (objection === undefined) return `\`${source}\` runs the image, and the operator has accepted it.`;
  const found = `\`${source}\` has no good verdict on the image: ${objection}`;
  const by = process.env.GITHUB_ACTOR ?? "a person";
  if (override !== "") return `**Promoted without a verdict.** ${found}. @${by} gave the reason: ${override}`;
  throw new Error(
    `${found}. Wait for Argo CD and the operator, fix ${source}, or start the workflow with a reason in "override"`,
  );
}

if (import.meta.main)
  await script(async () => {
    const source = previous(environmentOf(requiredEnv("TO")));
    // The first environment is where an image gets its first verdict.
    if (source === undefined) return output("verdict", "");
    const objection = objectionTo(requiredEnv("IMAGE"), await newestDeployment(source));
    const override = (process.env.OVERRIDE ?? "").replaceAll(/\s+/g, " ").trim();
    const verdict = verdictOf(source, objection, override);
    summarize(verdict);
    output("verdict", verdict);
  });
