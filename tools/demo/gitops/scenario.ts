import { join } from "node:path";
import { ArgoCd } from "../../cluster/argocd/argocd.ts";
import type { Cluster } from "../../cluster/provider.ts";
import { buildReleases, repositoryOf } from "../../gitops/installation.ts";
import { type Scenario, environmentFor, runSteps } from "../scenario.ts";
import { appName, namespaceOf } from "./environments.ts";
import { steps } from "./steps.ts";

/** Argo CD and a Git repository on an empty cluster: releases, changes by hand, a bad version, a promotion. */
export async function gitopsScenario(cluster: Cluster): Promise<Scenario> {
  const repository = repositoryOf(cluster);
  const argo = new ArgoCd(cluster);
  await repository.createFolder();
  const { folder } = repository;
  return {
    title: "DemoApp operator under GitOps: a real Argo CD, a real Git repository",
    duration: "Takes about 5 minutes; the first time some 20 more, to build Kubernetes and Argo CD.",
    folder,
    environment: {
      ...environmentFor(cluster),
      ...argo.environment,
      PROJECT: join(import.meta.dirname, "../../.."),
    },
    run: async (tools) => {
      const { progress } = tools;
      // The scenario needs an empty cluster: remove the cluster of an earlier run.
      if ((await cluster.status()).state !== "down") await cluster.down(progress);
      await cluster.up(progress);
      await argo.up(progress);
      const releases = await progress.step("images built: operator, three versions of the web app", () =>
        buildReleases(cluster),
      );
      await progress.step("Git repository created", () =>
        repository.seed({ operator: releases.operator, webapp: releases.first }, cluster),
      );
      await runSteps(tools, steps, { repository, releases });
    },
    remove: () => repository.remove(),
    nextSteps: [
      ["kubectl -n argocd get applications --watch", "the state of each Application as it changes"],
      [`cd ${folder}`, "edit, commit and push: Argo CD syncs within seconds"],
      [
        `kubectl -n ${namespaceOf("dev")} port-forward service/${appName} 8085:80`,
        "the page: http://127.0.0.1:8085",
      ],
    ],
  };
}
