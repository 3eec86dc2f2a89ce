import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../../cluster/command.ts";
import { cacheRoot } from "../../cluster/embedded/paths.ts";
import type { Cluster } from "../../cluster/provider.ts";
import { type AppState, availablePods, namesOf, readApp } from "../appstate.ts";
import { changeByHand } from "../handchange.ts";
import { versions } from "../../gitops/installation.ts";
import { type Step, type Context, type Scenario, environmentFor, runSteps } from "../scenario.ts";
import { app, kubectl, prepare } from "./prepare.ts";
import { release, serviceUrl, syncUntilHealthy, update } from "./rollout.ts";

const { first, second, broken } = versions;

async function install(context: Context): Promise<void> {
  const { screen, shell } = context;
  screen.text(
    "This folder stands in for your Git repository, and kubectl apply for Argo CD.",
    "The file is the sample of deploy/webapp/base:",
  );
  await shell.show("cat demoapp.yaml");
  const { pods } = await syncUntilHealthy(context);
  await shell.show(`${kubectl} get deployments,services,pods`);
  screen.text("", "Fields that the file omits have safe defaults, among them limits and probes:");
  const described = await shell.show(`${kubectl} describe deployment ${app.name} | grep -A 7 Limits:`);
  screen.check(
    "limits and both probes are set, 2 pods are available",
    /Limits:[^]*memory:[^]*Liveness:[^]*Readiness:/.test(described) && pods.length === 2,
  );
}

async function visit({ screen, shell, client }: Context): Promise<void> {
  screen.text("A port-forward makes the Service available on this machine:");
  const forward = `${kubectl} port-forward service/${app.name} :80`;
  screen.command(`${forward} &`);
  const forwarding = await shell.start(forward, /^Forwarding from/);
  screen.output(forwarding.readyLine);
  const url = `http://${/127\.0\.0\.1:\d+/.exec(forwarding.readyLine)?.[0]}`;
  const curl = "curl --silent --show-error";
  const greeting = await shell.show(`${curl} ${url}/`);
  const health = await shell.show(`${curl} ${url}/health`);
  screen.check(
    "both answers are as documented",
    greeting === `{"message":"Hello from SRE Demo App!","version":"${first}"}` &&
      health === '{"status":"healthy"}',
  );
  screen.text("", "A browser asks for HTML and gets a page with the version and the pod of each answer:");
  const title = await shell.show(`${curl} --header 'Accept: text/html' ${url}/ | grep '<title>'`);
  screen.check("the answer is the page", title.includes("SRE Demo App"));
  await forwarding.stop();
  screen.text(
    "",
    "A port-forward is connected to one pod. This URL reaches all pods through the Service, while the",
    `demo runs:  ${serviceUrl(client)}`,
  );
}

/** Longer than it takes to record an event. */
const eventMs = 10_000;

async function revertDrift(context: Context): Promise<void> {
  const { screen, shell, client } = context;
  screen.text("The operator reverts changes to its Deployment that do not come from Git:");
  const serving = async () =>
    availablePods((await readApp(client, app)).pods).filter((pod) => pod.version === second);
  const before = await serving();
  const get = `${kubectl} get deployment ${app.name}`;
  const fields = "replicas {.spec.replicas}, limits {.spec.template.spec.containers[0].resources.limits}";
  for (const command of [
    `${kubectl} scale deployment ${app.name} --replicas=5`,
    `${kubectl} set resources deployment ${app.name} --limits=cpu=2,memory=1Gi`,
  ])
    await changeByHand(context, { get, fields, command });
  const events = `${kubectl} get events --field-selector reason=DriftRepaired`;
  await until("an event for each revert", eventMs, async () =>
    (await shell.quietly(`${events} --no-headers`)).trim().split("\n").length >= 2 ? true : undefined,
  );
  screen.text("", "Events record who made each change (the field manager that kubectl sent):");
  await shell.show(`${events} -o custom-columns=MESSAGE:.message`);
  screen.check(
    "the 2 pods that serve are the same as before",
    before.length === 2 && namesOf(before) === namesOf(await serving()),
  );
}

async function rejectVersion(context: Context): Promise<void> {
  const { screen, shell, client } = context;
  screen.text(
    `Version ${broken} crashes a few seconds after it became ready. With minReadySeconds: 15 a pod is available`,
    "only after 15 s without a crash, and until then no old pod is removed.",
    "",
  );
  const done = ({ status, pods }: AppState): boolean =>
    status?.phase === "Degraded" && pods.every(({ version }) => version !== broken);
  const { traffic, fewest, newIps } = await release(context, { from: second, to: broken, done });
  screen.text(
    "",
    "Git still asks for the broken version, so the app is Degraded. The message says what to do:",
  );
  await shell.show(`${kubectl} get demoapp ${app.name} -o jsonpath='{.status.message}' | fold -s -w 96`);
  const { status, pods } = await readApp(client, app);
  screen.check(
    `${second} keeps serving: never fewer than ${fewest} pods were available`,
    fewest >= 2 &&
      status?.stable?.image.endsWith(second) === true &&
      availablePods(pods).filter(({ version }) => version === second).length === 2,
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
}

async function revertInGit(context: Context): Promise<void> {
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

const steps: readonly Step<Context>[] = [
  { title: "One short YAML file makes an app", run: install },
  { title: "Send requests to it", run: visit },
  { title: "A new version: change one line in Git", run: update },
  { title: "The Deployment is changed by hand", run: revertDrift },
  { title: "A broken version is rejected and rolled back", run: rejectVersion },
  { title: "Back to Healthy: git revert", run: revertInGit },
];

/** The operator alone: install, rolling update, drift, rollback. */
export async function operatorScenario(cluster: Cluster): Promise<Scenario> {
  const folder = join(cacheRoot(), "work", cluster.name);
  await mkdir(folder, { recursive: true });
  return {
    title: "DemoApp operator on a real Kubernetes",
    duration: "Takes about 3 minutes; the first time some 10 more, to build Kubernetes.",
    folder,
    environment: environmentFor(cluster),
    run: async (tools) => {
      await prepare(tools, cluster);
      await runSteps(tools, steps, {});
    },
    remove: () => rm(folder, { recursive: true, force: true }),
    nextSteps: [
      [`${kubectl} get demoapps --watch`, "the state of the app as it changes"],
      [`${kubectl} port-forward service/${app.name} 8085:80`, "the page: http://127.0.0.1:8085"],
      [`kubectl apply --server-side -k ${folder}`, "after an edit of demoapp.yaml in that folder"],
    ],
  };
}
