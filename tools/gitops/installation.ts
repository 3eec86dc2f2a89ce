import { join } from "node:path";
import { command } from "../cluster/command.ts";
import { withLock } from "../cluster/embedded/lock.ts";
import { cacheRoot } from "../cluster/embedded/paths.ts";
import type { BuiltImage, Cluster } from "../cluster/provider.ts";
import { buildWebApps } from "../demo/releases.ts";
import { imageOf } from "../images.ts";
import { Repository } from "./repository.ts";

/** The images that a repository may name: the operator, two good versions of the web app, and one that crashes. */
export interface Releases {
  readonly operator: BuiltImage;
  readonly first: BuiltImage;
  readonly second: BuiltImage;
  readonly broken: BuiltImage;
}

/** The folder of all repositories on this machine. */
export const repositoriesFolder = (): string => join(cacheRoot(), "git");

/** The repository that a cluster's Argo CD reads. */
export const repositoryOf = (cluster: Cluster): Repository =>
  new Repository(join(repositoriesFolder(), cluster.name));

/** Hands a repository over to Argo CD with the command from docs/gitops.md. */
export async function bootstrap({ kubectl, kubeconfig }: Cluster, repository: Repository): Promise<void> {
  const apply = ["apply", "--server-side", "--force-conflicts", "-k", "deploy/argocd/apps"];
  await command([kubectl, "--kubeconfig", kubeconfig, ...apply], { cwd: repository.folder });
}

/** Builds every image and pushes it to the cluster's registry. Concurrent callers wait: all clusters share the tags. */
export const buildReleases = (cluster: Cluster): Promise<Releases> =>
  withLock(join(cacheRoot(), "releases.lock"), async () => ({
    operator: await cluster.build(imageOf("operator", "0.1.0")),
    ...(await buildWebApps(cluster)),
  }));
