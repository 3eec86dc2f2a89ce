import { until } from "../cluster/command.ts";
import type { Progress } from "../cluster/progress.ts";
import type { BuiltImage, Cluster } from "../cluster/provider.ts";
import { imageOf } from "../images.ts";
import { renderInstall } from "../install.ts";
import { app } from "./api.ts";
import { buildWebApps, versions } from "./releases.ts";
import type { Shell } from "./shell.ts";
import type { WorkingCopy } from "./workingcopy.ts";

export interface Preparation {
  readonly cluster: Cluster;
  readonly shell: Shell;
  readonly progress: Progress;
  readonly workingCopy: WorkingCopy;
}

/** Brings up everything that the story needs, and the app back to nothing if it has been told before. */
export async function prepare({ cluster, shell, progress, workingCopy }: Preparation): Promise<void> {
  await cluster.up(progress);
  const operator = await progress.step("operator's image built", () =>
    cluster.build(imageOf("operator", "0.1.0")),
  );
  await progress.step("operator's manifests applied (deploy/operator)", () =>
    install(cluster, operator, shell),
  );
  await progress.step(`web app's images ${Object.values(versions).join(", ")} built`, () =>
    buildWebApps(cluster),
  );
  await progress.step("operator ready (2 pods, one leads)", () =>
    shell.quietly("kubectl -n demoapp-system rollout status deployment/demoapp-operator --timeout=90s"),
  );
  await progress.step("nothing left of an earlier demo", () => forget(shell));
  await progress.step("Git working copy made", () =>
    workingCopy.create(shell, `${cluster.registry}/webapp:${versions.first}`),
  );
}

/**
 * Removes the app of an earlier demo with what the operator remembers of it (the broken version has to be new to
 * it) and its events.
 */
async function forget(shell: Shell): Promise<void> {
  const remove = `kubectl -n ${app.namespace} delete --ignore-not-found --timeout=60s`;
  await shell.quietly(`${remove} --cascade=foreground demoapp ${app.name}`);
  // All in one request; kubectl would take its time over each.
  await shell.quietly(`kubectl delete --raw /api/v1/namespaces/${app.namespace}/events`);
}

/** Applies deploy/operator with the image that was just built. */
async function install({ kubectl }: Cluster, image: BuiltImage, shell: Shell): Promise<void> {
  const manifests = await renderInstall({ kubectl, image: `${image.ref}@${image.digest}` });
  await shell.quietly("kubectl apply --server-side -f -", manifests);
  // A CRD that was made just now has null for its conditions, at which kubectl gives up.
  await until("the CRD is served", 30_000, () =>
    shell.quietly("kubectl wait --for=condition=Established crd/demoapps.demoapp.dev --timeout=10s"),
  );
}
