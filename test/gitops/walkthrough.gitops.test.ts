import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { retryTransient } from "../../tools/cluster/argocd/cli.ts";
import { command } from "../../tools/cluster/command.ts";
import { gitEnvironment } from "../../tools/gitops/repository.ts";
import { source } from "../support/fork.ts";
import { matches, steps } from "../support/walkthrough.ts";
import { GitOps } from "./gitops.ts";

/** Names of this test: other files use those of the page. */
const namespace = "sre-demo-walkthrough";
const app = "walkthrough";

let gitops: GitOps;

beforeAll(async () => {
  const shared = await GitOps.open();
  gitops = new GitOps(shared.cluster, shared.releases, app);
  await shared.client.close();
  const { repository, releases } = gitops;
  // Without the cluster, as no webhook announces pushes: Argo CD would sync before the page's command does.
  await repository.seed({ operator: releases.operator, webapp: releases.first });
  const overlay = "deploy/webapp/overlays/dev";
  await repository.edit(`${overlay}/kustomization.yaml`, "sre-demo-dev", namespace);
  await repository.edit("deploy/webapp/base/demoapp.yaml", /minReadySeconds: .*/, "minReadySeconds: 1");
  await repository.commit("Adapt to the tests");
});
afterAll(async () => {
  await gitops.kubectl("delete", "application", "-n", "argocd", "--ignore-not-found", app);
  await gitops.kubectl("delete", "namespace", "--ignore-not-found", "--wait=false", namespace);
  await gitops.repository.remove();
  await gitops.client.close();
});

test.each(steps.filter(({ mark }) => mark.startsWith("run: argocd")))(
  "docs/walkthrough.md: $command",
  async ({ mark, command: text, output }) => {
    const adapted = text
      .replace(source.repoURL, gitops.repository.url)
      .replace("sre-demo-dev", namespace)
      .replace(/^(argocd app \w+) sre-demo-app/, `$1 ${app}`);
    // Here `argocd` is a command that uses this cluster in core mode.
    const env = { ...gitEnvironment, ...gitops.argo.environment };
    const run = retryTransient(() => command(["sh", "-c", adapted], { cwd: gitops.repository.folder, env }));
    const printed = mark.endsWith("fails")
      ? await run.then(
          () => "no failure",
          (error: Error) => error.message.replaceAll("\n", " "),
        )
      : await run;
    const documented = output.replaceAll("sre-demo-dev", namespace).replace("'sre-demo-app'", `'${app}'`);
    if (!matches(printed, documented)) expect(printed).toBe(documented);
  },
);
