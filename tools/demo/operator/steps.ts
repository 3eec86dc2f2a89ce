// Steps of every variant.
import { type AppState, availablePods, namesOf, readApp } from "../appstate.ts";
import { versions } from "../../gitops/installation.ts";
import { app, kubectl } from "./prepare.ts";
import type { Traffic } from "../traffic.ts";
import { type AppContext, release, showMessage, syncUntilHealthy } from "./rollout.ts";

const { second, broken } = versions;

/** Step: the working copy becomes a Healthy app. */
export async function install(context: AppContext): Promise<void> {
  const { screen, shell, replicas } = context;
  screen.text(
    "This folder stands in for your Git repository, and kubectl apply for Argo CD.",
    "The file comes from deploy/webapp/base:",
  );
  await shell.show("cat demoapp.yaml");
  const { pods } = await syncUntilHealthy(context);
  await shell.show(`${kubectl} get deployments,services,pods`);
  screen.text("", "Fields that the file omits have safe defaults, among them limits and probes:");
  const described = await shell.show(`${kubectl} describe deployment ${app.name} | grep -A 7 Limits:`);
  screen.check(
    `limits and both probes are set, ${replicas} pods are available`,
    /Limits:[^]*memory:[^]*Liveness:[^]*Readiness:/.test(described) && pods.length === replicas,
  );
}

/** Step: a version that crashes is rejected, and the one before keeps serving. Returns the traffic meanwhile. */
export async function rejectVersion(context: AppContext): Promise<Traffic> {
  const { screen, shell, client, replicas } = context;
  screen.text(
    `Version ${broken} crashes a few seconds after it became ready. With minReadySeconds: 15 a pod is available`,
    "only after 15 s without a crash, and until then no old pod is removed.",
    "",
  );
  const done = ({ status, pods }: AppState): boolean =>
    status?.phase === "Degraded" && pods.every(({ version }) => version !== broken);
  const { traffic, fewest, newIps } = await release(context, { from: second, to: broken }, done);
  screen.text(
    "",
    "Git still asks for the broken version, so the app is Degraded. The message says what to do:",
  );
  await shell.show(showMessage);
  const { status, pods } = await readApp(client, app);
  screen.check(
    `${second} keeps serving: never fewer than ${fewest} pods were available`,
    fewest >= replicas &&
      status?.stable?.image.endsWith(second) === true &&
      availablePods(pods).filter(({ version }) => version === second).length === replicas,
  );
  const rejected = status?.rejected?.[0];
  screen.check(
    `${broken} is rejected because it crashes, and is not tried again before Git changes or a person asks for it`,
    rejected?.reason === "CrashLoop" &&
      rejected.image.endsWith(broken) &&
      status?.blockers?.some(({ reason, next }) => reason === "RevisionRejected" && next !== "") === true,
  );
  const { sent, failures } = traffic;
  const elsewhere = failures.find(({ ip }) => !newIps.has(ip));
  const unanswered = failures.filter(({ ip }) => ip === "").length;
  const crashed = `${failures.length - unanswered} failed while a pod of ${broken} crashed`;
  screen.check(
    elsewhere
      ? `no request to a good pod failed, but: ${elsewhere.message}`
      : `${sent} requests, ${crashed}, ${unanswered} got no answer`,
    elsewhere === undefined && traffic.answeredBy(second) > 100,
  );
  return traffic;
}

/** Step: Git asks for the serving version again. */
export async function revertInGit(context: AppContext): Promise<void> {
  const { screen, shell, client } = context;
  const before = namesOf((await readApp(client, app)).pods);
  await shell.show("git revert --no-edit HEAD | head -n 1");
  await shell.show("git diff --unified=0 HEAD~1 | grep '^[-+] '");
  await syncUntilHealthy(context);
  screen.check(
    `Healthy at once: ${second} kept running, and no pod was restarted`,
    before === namesOf((await readApp(client, app)).pods),
  );
}
