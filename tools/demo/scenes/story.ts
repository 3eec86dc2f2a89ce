import { join } from "node:path";
import { cacheRoot } from "../../cluster/embedded/paths.ts";
import type { Cluster } from "../../cluster/provider.ts";
import { Api, app } from "../api.ts";
import { prepare } from "../prepare.ts";
import { freePort } from "../shell.ts";
import { type Story, type Tools, environmentFor } from "../story.ts";
import { WorkingCopy } from "../workingcopy.ts";
import { rollBack } from "./broken.ts";
import { drift } from "./drift.ts";
import { install } from "./install.ts";
import { revert } from "./revert.ts";
import type { Stage } from "./stage.ts";
import { update } from "./update.ts";
import { visit } from "./visit.ts";

const scenes: readonly ((stage: Stage) => Promise<void>)[] = [
  install,
  visit,
  update,
  drift,
  rollBack,
  revert,
];

const PROXY_PORT = 8001;

/** The main job: one YAML file in, a running, self-repairing app out. */
export async function operatorStory(cluster: Cluster): Promise<Story> {
  const workingCopy = new WorkingCopy(join(cacheRoot(), "work", cluster.name));
  await workingCopy.reserve();
  const { folder } = workingCopy;
  const kubectl = `kubectl -n ${app.namespace}`;
  const named = cluster.name === "demo" ? "" : ` --name ${cluster.name}`;
  return {
    title: "DemoApp operator: the whole story, on a real Kubernetes",
    about: "About 2 minutes; the first time on a machine some 10 more, to build what it needs.",
    folder,
    environment: environmentFor(cluster),
    tell: async ({ screen, shell, progress }: Tools) => {
      await prepare({ cluster, shell, progress, workingCopy });
      const port = await freePort(PROXY_PORT);
      await shell.start(`kubectl proxy --port=${port}`, { ready: /^Starting to serve/ });
      const stage = { screen, shell, api: new Api(`http://127.0.0.1:${port}`), workingCopy };
      for (const scene of scenes) await scene(stage);
    },
    remove: () => workingCopy.remove(),
    farewell: [
      [`eval "$(npm run -s cluster -- env${named})"`, "first: kubectl in this shell"],
      [`${kubectl} get demoapps --watch`, "the app's state as it changes"],
      [`${kubectl} port-forward service/${app.name} 8085:80`, "the page: http://127.0.0.1:8085"],
      [`kubectl apply --server-side -k ${folder}`, "after an edit of demoapp.yaml in there"],
      [`npm run cluster -- down${named}`, "removes all of it"],
    ],
  };
}
