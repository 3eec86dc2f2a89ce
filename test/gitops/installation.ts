import { join } from "node:path";
import { buildWebApps } from "../../scripts/demo/releases.ts";
import { imageOf } from "../../scripts/images.ts";
import type { ApiClient } from "../../operator/runtime/client.ts";
import { argoCdFor } from "../cluster/argocd/argocd.ts";
import { command } from "../cluster/command.ts";
import { cacheRoot } from "../cluster/embedded/paths.ts";
import { silent } from "../cluster/progress.ts";
import type { BuiltImage, Cluster } from "../cluster/provider.ts";
import { sources } from "../e2e/installation.ts";
import { type Once, fingerprint, onceIn } from "../support/once.ts";
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
async function bootstrap(cluster: Cluster, repository: Repository): Promise<void> {
  const { kubectl, kubeconfig } = cluster;
  const apply = ["apply", "--server-side", "--force-conflicts", "-k", "deploy/argocd/apps"];
  await command([kubectl, "--kubeconfig", kubeconfig, ...apply], { cwd: repository.folder });
}

/** Builds all that the repository may name. */
export async function build(cluster: Cluster): Promise<Releases> {
  return { operator: await cluster.build(imageOf("operator", "0.1.0")), ...(await buildWebApps(cluster)) };
}

const once = (): Once => ({ name: "gitops-installation", fingerprint: fingerprint(sources, {}) });

/** The root Application applied from a repository with this project's `deploy/`. */
export async function install(cluster: Cluster, client: ApiClient): Promise<Releases> {
  return onceIn(client, once(), async () => {
    const releases = await build(cluster);
    const repository = repositoryOf(cluster);
    await repository.seed({ operator: releases.operator, webapp: releases.first });
    await bootstrap(cluster, repository);
    return releases;
  });
}

/** The same on a cluster that knows nothing: the repository and the images are those from before it was lost. */
export async function reinstall(cluster: Cluster, client: ApiClient, releases: Releases): Promise<void> {
  await argoCdFor(cluster).up(silent);
  await bootstrap(cluster, repositoryOf(cluster));
  await onceIn(client, once(), () => Promise.resolve(releases));
}
