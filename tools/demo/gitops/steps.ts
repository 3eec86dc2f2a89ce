import type { ApiClient } from "../../../operator/runtime/client.ts";
import { until } from "../../cluster/command.ts";
import {
  type Application,
  applications,
  argoNamespace,
  isHealthy,
  isSynced,
  healthMessage,
} from "../../gitops/application.ts";
import { environments } from "../../promote.ts";
import { readApp } from "../appstate.ts";
import { changeByHand } from "../handchange.ts";
import { versions } from "../../gitops/installation.ts";
import type { Step } from "../scenario.ts";
import {
  type GitOpsContext,
  appName,
  appOf,
  applicationOf,
  followRelease,
  healthOf,
  namespaceOf,
  push,
  release,
  servingIn,
  syncOf,
} from "./environments.ts";

const kubectl = `kubectl -n ${namespaceOf("dev")}`;
const everyApp = "kubectl get demoapps --all-namespaces";

/** Every Application of Argo CD, by name. */
async function readApplications(client: ApiClient): Promise<ReadonlyMap<string, Application>> {
  const { items } = await client.list(applications, { namespace: argoNamespace });
  return new Map(items.map((one) => [one.metadata.name, one as Application]));
}

async function handOver({ screen, shell, client, repository }: GitOpsContext): Promise<void> {
  screen.text("The cluster has only Argo CD: no operator, no CRD, no app. Git has all of them:");
  await shell.show("git log --oneline && ls -d deploy/argocd/apps/* deploy/webapp/overlays/*");
  await shell.show("cat deploy/webapp/overlays/dev/demoapp.yaml | grep -v '#'");
  screen.text("", "This is the only command that changes the cluster; Argo CD does the rest:");
  await shell.show("kubectl apply --server-side --force-conflicts -k deploy/argocd/apps");
  const commit = await repository.head();
  const names = ["root", "demoapp-crd", "demoapp-operator", ...environments.map(applicationOf)];
  const row = (cells: readonly string[]): string => cells.map((cell) => cell.padEnd(18)).join("");
  const stateOf = (application: Application | undefined): string => {
    if (application === undefined) return "-";
    return syncOf(application) === "Synced" ? healthOf(application) : syncOf(application);
  };
  await screen.follow(row(names), {
    what: "every Application Synced and Healthy",
    poll: () => readApplications(client),
    line: (all) => row(names.map((name) => stateOf(all.get(name)))),
    done: (all) =>
      names
        .map((name) => all.get(name))
        .every((one) => one !== undefined && isSynced(one, commit) && isHealthy(one)),
  });
  await shell.show("kubectl -n argocd get applications");
  const healthy = (await shell.show(everyApp)).match(/ Healthy /g)?.length;
  screen.check("the operator and every environment run", healthy === environments.length);
}

async function releaseByCommit(context: GitOpsContext): Promise<void> {
  const { screen, shell } = context;
  screen.text("Change the image of dev, commit and push:");
  await release(context, "second");
  const { status, synced, settledAfter } = await followRelease(context, "dev");
  await shell.show(`${kubectl} get demoapps`);
  await shell.show(`argocd app get ${applicationOf("dev")}`);
  screen.check(
    `Synced ${synced} s and Healthy ${settledAfter} s after the push`,
    status?.stable?.image.includes(`:${versions.second}@`) === true,
  );
  screen.text(
    "(A hook of the repository notifies Argo CD of the push, as the webhook of a Git server does.)",
    `The app is called ${appName} in every environment; each environment has a namespace of its own.`,
  );
}

/** Longer than a revert, its event and the end of the extra pods take. */
const revertMs = 30_000;

async function changeDevByHand(context: GitOpsContext): Promise<void> {
  const { screen, shell } = context;
  const before = await servingIn(context, "dev");
  const scale = (kind: string, replicas: number): Promise<number> =>
    changeByHand(context, {
      get: `${kubectl} get ${kind} ${appName}`,
      fields: "{.spec.replicas} replicas",
      command: `${kubectl} scale ${kind} ${appName} --replicas=${replicas}`,
    });
  screen.text("Argo CD owns the DemoApp and reverts changes to it:");
  const byArgoMs = await scale("demoapp", 5);
  await shell.show(
    `kubectl -n argocd get events --field-selector involvedObject.name=${applicationOf("dev")},reason=OperationStarted --sort-by=.lastTimestamp -o custom-columns=MESSAGE:.message | tail -n 1`,
  );
  screen.text("", "The operator owns the Deployment and reverts changes to it:");
  const byOperatorMs = await scale("deployment", 4);
  const events = `${kubectl} get events --field-selector reason=DriftRepaired`;
  await until("an event of the revert", revertMs, async () =>
    (await shell.quietly(`${events} --no-headers`)).includes("kubectl") ? true : undefined,
  );
  await shell.show(`${events} -o custom-columns=MESSAGE:.message`);
  await until("the end of the extra pods", revertMs, async () =>
    (await servingIn(context, "dev")) === before ? true : undefined,
  );
  screen.check(
    `reverted by Argo CD in ${byArgoMs} ms and by the operator in ${byOperatorMs} ms; the same pod serves`,
    (await servingIn(context, "dev")) === before,
  );
}

async function releaseBadVersion(context: GitOpsContext): Promise<void> {
  const { screen, shell, client } = context;
  const name = applicationOf("dev");
  screen.text(`${versions.broken} crashes a few seconds after it became ready:`);
  const before = await servingIn(context, "dev");
  await release(context, "broken");
  const settled = (one: Application): boolean => healthOf(one) === "Degraded";
  const { status, application } = await followRelease(context, "dev", settled);
  await shell.show(`${kubectl} get demoapps`);
  screen.text("", "Synced: the cluster has what Git says. Degraded: another version than Git's is serving:");
  await shell.show(`kubectl -n argocd get application ${name}`);
  const health = `{.status.resources[?(@.kind=="DemoApp")].health.message}`;
  await shell.show(`kubectl -n argocd get application ${name} -o jsonpath='${health}' | fold -s -w 96`);
  const [rejected] = status?.rejected ?? [];
  screen.check(
    `Argo CD shows that ${versions.broken} was rejected and what to do; ${versions.second} keeps serving`,
    rejected !== undefined &&
      healthMessage(application).includes(`Rollout ${rejected.rollout} of `) &&
      /revert/.test(healthMessage(application)) &&
      before === (await servingIn(context, "dev")),
  );
  screen.text("", "A refresh of Argo CD does not retry the version:");
  await shell.show(`argocd app get ${name} --hard-refresh | grep -E '^(Sync|Health) Status'`);
  const after = (await readApplications(client)).get(name);
  screen.check(
    "no further sync, no further rollout",
    after?.status?.operationState?.startedAt === application.status?.operationState?.startedAt &&
      (await readApp(client, appOf("dev"))).status?.rejected?.length === 1,
  );
  screen.text("", "With automated sync, Argo CD refuses its own rollback. Roll back in Git instead:");
  const refused = await shell.show(`argocd app rollback ${name} 2>&1 || true`);
  screen.check("refused", refused.includes("auto-sync is enabled"));
}

async function revertInGit(context: GitOpsContext): Promise<void> {
  const { screen, shell } = context;
  const before = await servingIn(context, "dev");
  await shell.show("git revert --no-edit HEAD | head -n 1 && git push --quiet");
  const { settledAfter } = await followRelease(context, "dev");
  await shell.show(`${kubectl} get demoapps`);
  await shell.show(`argocd app history ${applicationOf("dev")} | cut -c 1-72`);
  screen.check(
    `Healthy ${settledAfter} s after the push, and no pod was restarted`,
    before === (await servingIn(context, "dev")),
  );
}

async function promote(context: GitOpsContext): Promise<void> {
  const { screen, shell } = context;
  screen.text("The same digest means the same image. The pipeline proposes this change as a pull request:");
  await shell.show('node "$PROJECT/tools/promote.ts" --from dev --to staging | cut -c 1-76');
  const changed = await shell.quietly("git diff --numstat");
  await push(context, `Promote ${versions.second} to staging`);
  const { status, settledAfter } = await followRelease(context, "staging");
  await shell.show(everyApp);
  screen.check(
    `one line was changed, and staging was Healthy ${settledAfter} s after the push`,
    /^1\t1\t\S+staging\S+\s*$/.test(changed) &&
      status?.stable?.image.includes(`:${versions.second}@`) === true,
  );
}

async function removeStaging({ screen, shell, client }: GitOpsContext): Promise<void> {
  await shell.show("git rm -r --quiet deploy/webapp/overlays/staging");
  await shell.show("git commit --quiet --message 'Remove staging' && git push --quiet");
  const kinds = "demoapps,deployments,services,controllerrevisions,pods";
  const get = `kubectl -n ${namespaceOf("staging")} get ${kinds} -o name --ignore-not-found`;
  await screen.follow("Application     objects in its namespace", {
    what: "the removal of staging",
    poll: async () => ({
      exists: (await readApplications(client)).has(applicationOf("staging")),
      left: (await shell.quietly(get)).split("\n").filter(Boolean).length,
    }),
    line: ({ exists, left }) => `${(exists ? "exists" : "removed").padEnd(16)}${left}`,
    done: ({ exists, left }) => !exists && left === 0,
  });
  const left = await shell.show(everyApp);
  screen.check(
    "the DemoApp and every object made from it are removed",
    !left.includes(namespaceOf("staging")),
  );
}

export const steps: readonly Step<GitOpsContext>[] = [
  { title: "Hand the repository over to Argo CD", run: handOver },
  { title: "A release is a commit", run: releaseByCommit },
  { title: "The DemoApp and the Deployment are changed by hand", run: changeDevByHand },
  { title: "A bad version in Git", run: releaseBadVersion },
  { title: "Back to Healthy: git revert", run: revertInGit },
  { title: "From dev to staging: one line", run: promote },
  { title: "An environment is removed from Git", run: removeStaging },
];
