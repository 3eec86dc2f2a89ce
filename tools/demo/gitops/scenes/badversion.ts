import { healthMessage } from "../../../gitops/application.ts";
import { versions } from "../../releases.ts";
import { type Stage, app, applicationOf, arrival, degraded, namespaceOf, podsOf, release } from "../stage.ts";

const name = applicationOf("dev");

/** Scene 4: a version that crashes; the operator and Git agree on what to say of it. */
export async function releaseBadVersion(stage: Stage): Promise<void> {
  const { screen, shell, api } = stage;
  screen.scene(4, "A bad version in Git");
  screen.reasonMessage(`${versions.broken} crashes a few seconds after it became ready:`);
  const before = await podsOf(stage, "dev");
  const commit = await release(stage, "broken", versions.broken);
  const { app: demoApp, application } = await arrival(stage, {
    environment: "dev",
    commit,
    settled: degraded,
  });
  await shell.show(`kubectl -n ${namespaceOf("dev")} get demoapps`);
  screen.reasonMessage(
    "",
    "Synced, since the cluster has what Git says; Degraded, since that is not what serves:",
  );
  await shell.show(`kubectl -n argocd get application ${name}`);
  const health = `{.status.resources[?(@.kind=="DemoApp")].health.message}`;
  await shell.show(`kubectl -n argocd get application ${name} -o jsonpath='${health}' | fold -s -w 96`);
  const [rejected] = demoApp.status?.rejected ?? [];
  screen.check(
    `Argo CD says that ${versions.broken} was rejected and what to do; ${versions.second} goes on serving`,
    rejected !== undefined &&
      healthMessage(application).includes(`Rollout ${rejected.rollout} of `) &&
      /revert/.test(healthMessage(application)) &&
      before === (await podsOf(stage, "dev")),
  );
  screen.reasonMessage("", "Argo CD looks again, and nobody tries again:");
  await shell.show(`argocd app get ${name} --hard-refresh | grep -E '^(Sync|Health) Status'`);
  const after = await api.application(name);
  screen.check(
    "no other sync, no other rollout",
    after.status?.operationState?.startedAt === application.status?.operationState?.startedAt &&
      (await api.demoApp({ namespace: namespaceOf("dev"), name: app })).status?.rejected?.length === 1,
  );
  screen.reasonMessage(
    "",
    "With automated sync Argo CD refuses to go back by itself; Git is where to do that:",
  );
  const refused = await shell.show(`argocd app rollback ${name} 2>&1 || true`);
  screen.check("refused", refused.includes("auto-sync is enabled"));
}
