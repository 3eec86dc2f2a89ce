import { type Application, isHealthy, isSynced } from "../../../gitops/application.ts";
import { environments } from "../../../promote.ts";
import { patienceMs } from "../../scenes/stage.ts";
import { type Stage, applicationOf, healthOf, syncOf } from "../stage.ts";

const names = ["root", "demoapp-crd", "demoapp-operator", ...environments.map(applicationOf)];
const width = Math.max(...names.map((name) => name.length)) + 2;
const cell = (text: string): string => text.padEnd(width);

/** `Healthy` only where Git's commit is what runs. */
const wordOf = (application: Application | undefined): string => {
  if (application === undefined) return "-";
  return syncOf(application) === "Synced" ? healthOf(application) : syncOf(application);
};

/** Scene 1: one command, and Git has the say. */
export async function handOver(stage: Stage): Promise<void> {
  const { screen, shell, api, repository } = stage;
  screen.scene(1, "Hand the repository over to Argo CD");
  screen.reasonMessage(
    "The cluster has Argo CD and nothing else: no operator, no CRD, no app. All of that is in Git:",
  );
  await shell.show("git log --oneline && ls -d deploy/argocd/apps/* deploy/webapp/overlays/*");
  await shell.show("cat deploy/webapp/overlays/dev/demoapp.yaml | grep -v '#'");
  screen.reasonMessage("", "This is the only thing that anybody applies:");
  await shell.show("kubectl apply --server-side --force-conflicts -k deploy/argocd/apps");
  const commit = await repository.head();
  screen.columns(names.map(cell).join(""));
  await screen.follow({
    what: "every Application Synced and Healthy",
    deadlineMs: patienceMs,
    look: () => api.applications(),
    line: (all) => names.map((name) => cell(wordOf(all.get(name)))).join(""),
    done: (all) =>
      names.every((name) => {
        const application = all.get(name);
        return application !== undefined && isSynced(application, commit) && isHealthy(application);
      }),
  });
  await shell.show("kubectl -n argocd get applications");
  const told = await shell.show("kubectl get demoapps --all-namespaces");
  const healthy = told.match(/ Healthy /g)?.length;
  screen.check("every environment runs, the operator with them", healthy === environments.length);
}
