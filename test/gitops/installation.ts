import type { ApiClient } from "../../operator/runtime/client.ts";
import { argoCdFor } from "../../tools/cluster/argocd/argocd.ts";
import { silent } from "../../tools/cluster/progress.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { type Releases, bootstrap, build, repositoryOf } from "../../tools/gitops/installation.ts";
import { sources } from "../e2e/installation.ts";
import { type Once, fingerprint, onceIn } from "../support/once.ts";

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
