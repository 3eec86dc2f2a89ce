import { join } from "node:path";
import { buildWebApps } from "../demo/releases.ts";
import { imageOf } from "../images.ts";
import { command } from "../cluster/command.ts";
import { cacheRoot } from "../cluster/embedded/paths.ts";
import type { BuiltImage, Cluster } from "../cluster/provider.ts";
import { Repository } from "./repository.ts";

/** What there is to release, by digest: two versions that work, and one that crashes soon after it became ready. */
export interface Releases {
  readonly operator: BuiltImage;
  readonly first: BuiltImage;
  readonly second: BuiltImage;
  readonly broken: BuiltImage;
}

/** The repository that the tests' Argo CD watches. */
export const repositoryOf = (cluster: Cluster): Repository =>
  new Repository(join(cacheRoot(), "git", cluster.name));

/** Hands a repository over to Argo CD, as docs/gitops.md says. */
export async function bootstrap(cluster: Cluster, repository: Repository): Promise<void> {
  const { kubectl, kubeconfig } = cluster;
  const apply = ["apply", "--server-side", "--force-conflicts", "-k", "deploy/argocd/apps"];
  await command([kubectl, "--kubeconfig", kubeconfig, ...apply], { cwd: repository.folder });
}

/** Builds all that the repository may name. */
export async function build(cluster: Cluster): Promise<Releases> {
  return { operator: await cluster.build(imageOf("operator", "0.1.0")), ...(await buildWebApps(cluster)) };
}
