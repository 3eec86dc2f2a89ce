import { join } from "node:path";
import { ArgoCd } from "../../cluster/argocd/argocd.ts";
import type { Cluster } from "../../cluster/provider.ts";
import { buildReleases, repositoryOf } from "../../gitops/installation.ts";
import { Api } from "../api.ts";
import { freePort } from "../shell.ts";
import { type Story, type Tools, environmentFor } from "../story.ts";
import { releaseBadVersion } from "./scenes/badversion.ts";
import { changeByHand } from "./scenes/byhand.ts";
import { handOver } from "./scenes/handover.ts";
import { promote } from "./scenes/promotion.ts";
import { releaseByCommit } from "./scenes/release.ts";
import { remove } from "./scenes/removal.ts";
import { revert } from "./scenes/revert.ts";
import { type Stage, app, namespaceOf } from "./stage.ts";

const scenes: readonly ((stage: Stage) => Promise<void>)[] = [
  handOver,
  releaseByCommit,
  changeByHand,
  releaseBadVersion,
  revert,
  promote,
  remove,
];

const PROXY_PORT = 8001;

/** Argo CD, a Git repository, and nothing else: what a team does all day, and what may go wrong. */
export async function gitopsStory(cluster: Cluster): Promise<Story> {
  const argo = new ArgoCd(cluster);
  const repository = repositoryOf(cluster);
  await repository.createFolder();
  return {
    title: "DemoApp operator under GitOps: a real Argo CD, a real Git repository",
    about: "About 5 minutes; the first time on a machine some 20 more, to build Kubernetes and Argo CD.",
    folder: repository.folder,
    environment: {
      ...environmentFor(cluster),
      ...argo.environment,
      PROJECT: join(import.meta.dirname, "../../.."),
    },
    tell: async ({ screen, shell, progress }: Tools) => {
      // The story starts with an empty cluster, also when it has been told before.
      if ((await cluster.status()).state !== "down") await cluster.down(progress);
      await cluster.up(progress);
      await argo.up(progress);
      const releases = await progress.step(
        "images built: the operator, and the web app in three versions",
        () => buildReleases(cluster),
      );
      await progress.step("Git repository made", () =>
        repository.seed({ operator: releases.operator, webapp: releases.first }),
      );
      const port = await freePort(PROXY_PORT);
      await shell.start(`kubectl proxy --port=${port}`, { ready: /^Starting to serve/ });
      const stage = { screen, shell, api: new Api(`http://127.0.0.1:${port}`), repository, releases };
      for (const scene of scenes) await scene(stage);
    },
    remove: () => repository.remove(),
    farewell: [
      [`eval "$(npm run -s cluster -- env --name ${cluster.name})"`, "first: kubectl in this shell"],
      ["kubectl -n argocd get applications --watch", "what Argo CD says, as it changes"],
      [`cd ${repository.folder}`, "edit, commit and push: Argo CD syncs it within seconds"],
      [
        `kubectl -n ${namespaceOf("dev")} port-forward service/${app} 8085:80`,
        "the page: http://127.0.0.1:8085",
      ],
      [`npm run cluster -- down --name ${cluster.name}`, "removes all of it"],
    ],
  };
}
