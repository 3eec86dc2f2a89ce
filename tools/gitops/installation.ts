import { join } from "node:path";
import { withLock } from "../cluster/embedded/lock.ts";
import { cacheRoot } from "../cluster/embedded/paths.ts";
import { kubectl } from "../cluster/kubectl.ts";
import type { BuiltImage, Cluster } from "../cluster/provider.ts";
import { imageOf } from "../images.ts";
import { Repository } from "./repository.ts";

/** The images that a repository may name: the operator, and versions of the web app. */
export type Releases = Readonly<Record<"operator" | keyof typeof versions, BuiltImage>>;

/** The folder of all repositories on this machine. */
export const repositoriesFolder = (): string => join(cacheRoot(), "git");

/** The repository that a cluster's Argo CD reads. */
export const repositoryOf = (cluster: Cluster): Repository =>
  new Repository(join(repositoriesFolder(), cluster.name));

/** Hands a repository over to Argo CD with the command from docs/gitops.md. */
export const bootstrap = (cluster: Cluster, { folder }: Repository): Promise<string> =>
  kubectl(cluster, ["apply", "--server-side", "--force-conflicts", "-k", join(folder, "deploy/argocd/apps")]);

/** The versions of the web app. `broken` crashes soon after it became ready. */
export const versions = { first: "1.0.0", second: "1.1.0", broken: "1.2.0" } as const;

const demo = join(import.meta.dirname, "../demo");

/** Builds every image and pushes it to the cluster's registry. Concurrent callers wait: all clusters share the tags. */
export const buildReleases = (cluster: Cluster): Promise<Releases> =>
  withLock(join(cacheRoot(), "releases.lock"), async () => {
    const operator = await cluster.build(imageOf("operator", "0.1.0"));
    const first = await cluster.build(imageOf("webapp", versions.first));
    const second = await cluster.build(imageOf("webapp", versions.second));
    const broken = await cluster.build({
      dockerfile: join(demo, "Dockerfile.broken"),
      context: demo,
      tag: `webapp:${versions.broken}`,
      buildArgs: { GOOD_IMAGE: second.ref, VERSION: versions.broken },
    });
    return { operator, first, second, broken };
  });
