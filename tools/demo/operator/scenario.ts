import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../../cluster/command.ts";
import { cacheRoot } from "../../cluster/embedded/paths.ts";
import type { Cluster } from "../../cluster/provider.ts";
import { availablePods, namesOf, readApp } from "../appstate.ts";
import { changeByHand } from "../handchange.ts";
import { versions } from "../../gitops/installation.ts";
import { type Context, type Scenario, environmentFor, runSteps } from "../scenario.ts";
import { blueGreen } from "./bluegreen.ts";
import { canary } from "./canary.ts";
import { app, kubectl, prepare } from "./prepare.ts";
import { type Variant, phase, serviceUrl, update } from "./rollout.ts";
import { install, rejectVersion, revertInGit } from "./steps.ts";

const { first, second } = versions;

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

const rolling: Variant = {
  title: "DemoApp operator on a real Kubernetes",
  fields: "",
  minutes: "3 to 4",
  replicas: 2,
  columns: [phase],
  steps: [
    { title: "One short YAML file makes an app", run: install },
    { title: "Send requests to it", run: visit },
    { title: "A new version: change one line in Git", run: update },
    { title: "The Deployment is changed by hand", run: revertDrift },
    { title: "A broken version is rejected and rolled back", run: rejectVersion },
    { title: "Back to Healthy: git revert", run: revertInGit },
  ],
};

const variants = { rolling, canary, "blue-green": blueGreen } as const;

/** The operator alone: install, rollout by the strategy, rejection and rollback. */
export async function operatorScenario(cluster: Cluster, strategy: keyof typeof variants): Promise<Scenario> {
  const { title, minutes, fields, replicas, columns, steps } = variants[strategy];
  const folder = join(cacheRoot(), "work", cluster.name);
  await mkdir(folder, { recursive: true });
  return {
    title,
    duration: `Takes ${minutes} minutes; the first time some 10 more, to build Kubernetes.`,
    folder,
    environment: environmentFor(cluster),
    run: async (tools) => {
      await prepare(tools, cluster, fields);
      await runSteps(tools, steps, { replicas, columns });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
    nextSteps: [
      [`${kubectl} get demoapps --watch`, "the state of the app as it changes"],
      [`${kubectl} port-forward service/${app.name} 8085:80`, "the page: http://127.0.0.1:8085"],
      [`kubectl apply --server-side -k ${folder}`, "after an edit of demoapp.yaml in that folder"],
    ],
  };
}
