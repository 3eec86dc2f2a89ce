import type { ApiClient } from "../../operator/runtime/client.ts";
import { join } from "node:path";
import { withLock } from "../../tools/cluster/embedded/lock.ts";
import { cacheRoot } from "../../tools/cluster/embedded/paths.ts";
import { kubectl } from "../../tools/cluster/kubectl.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { buildReleases } from "../../tools/gitops/installation.ts";
import { pinned } from "../../tools/gitops/repository.ts";
import { renderInstall } from "../../tools/install.ts";
import { fingerprint, onceIn } from "../support/once.ts";

/** The inputs of the images and manifests. */
export const sources = [
  "{operator,webapp,deploy,crds}/**/*.*",
  "package-lock.json",
  "tools/build.mjs",
  "Dockerfile.*",
];

/** A short lease: another operator leads within seconds. A leader without contact stops after 2/3 of it. */
const settings = { LEASE_DURATION_SECONDS: "6", LOG_LEVEL: "debug" };

/** The references of the images: the operator, and two versions of the web app. */
export type Images = Readonly<Record<"operator" | "first" | "second", string>>;

export const operatorNamespace = "demoapp-system";
export const operatorName = "demoapp-operator";

/** Waits until every pod of the operator has the newest template and is available. */
export const waitForOperator = (cluster: Cluster): Promise<string> => {
  const status = ["rollout", "status", `deployment/${operatorName}`, "--timeout=60s"];
  return kubectl(cluster, ["-n", operatorNamespace, ...status]);
};

/** Applies YAML with the flags that the README tells users to use. */
export const applyYaml = (cluster: Cluster, yaml: string): Promise<string> =>
  kubectl(cluster, ["apply", "--server-side", "--force-conflicts", "--field-manager=e2e", "-f", "-"], yaml);

/** The operator's released manifests, with this image and the tests' settings. */
export const renderOperator = (cluster: Cluster, image: string): Promise<string> =>
  renderInstall({ kubectl: cluster.kubectl, image, env: settings });

/** Builds the images and installs the operator from its released manifests. Returns the images by digest. */
async function installOperator(cluster: Cluster): Promise<Images> {
  const { operator, first, second } = await buildReleases(cluster);
  const images = { operator: pinned(operator), first: pinned(first), second: pinned(second) };
  await applyYaml(cluster, await renderOperator(cluster, images.operator));
  await waitForOperator(cluster);
  return images;
}

/** Installs the operator unless the cluster has it. Concurrent callers wait: all clusters share the tags. */
export const ensureInstalled = (cluster: Cluster, client: ApiClient): Promise<Images> =>
  withLock(join(cacheRoot(), "clusters", "e2e.lock"), () =>
    onceIn(client, { name: "e2e-installation", fingerprint: fingerprint(sources, settings) }, () =>
      installOperator(cluster),
    ),
  );
