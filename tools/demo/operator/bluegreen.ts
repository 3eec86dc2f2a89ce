import { annotations, previewName } from "../../../operator/api/names.ts";
import { type AppState, availablePods, namesOf, readApp } from "../appstate.ts";
import { versions } from "../../gitops/installation.ts";
import type { Traffic } from "../traffic.ts";
import { app, kubectl } from "./prepare.ts";
import {
  type AppContext,
  type Variant,
  checkNothingLost,
  isHealthy,
  showMessage,
  startRelease,
  watchRollout,
} from "./rollout.ts";
import { Shares, checkAtRest, isWaiting, runAdvice, stepColumns } from "./stepped.ts";
import { install, rejectVersion, revertInGit } from "./steps.ts";

const { first, second, broken } = versions;
const rollout = { from: first, to: second, rate: 50 };

const fields = `  replicas: 3
  strategy:
    type: BlueGreen
    blueGreen:
      autoPromote: false # a person promotes
      previewReplicas: 3
`;

/** The pods of a version, without terminating ones. */
const podsOf = ({ pods }: AppState, version: string): AppState["pods"] =>
  pods.filter((pod) => pod.version === version && pod.state !== "terminating");

/** Requests the version from the preview Service. */
async function visitPreview({ screen, shell }: AppContext, traffic: Traffic): Promise<void> {
  screen.text("", "The new version has a Service of its own, on which a person or a test can try it:");
  await shell.show(`${kubectl} get services -o wide`);
  const url = `/api/v1/namespaces/${app.namespace}/services/${previewName(app.name)}:80/proxy/version`;
  const answer = await shell.show(`kubectl get --raw ${url}`);
  screen.check(`the preview answers with ${second}`, answer.includes(`"version":"${second}"`));
  screen.check(
    `clients don't see it: the app's Service sent ${traffic.answeredBy(first)} responses, all of ${first}`,
    traffic.answeredBy(second) === 0,
  );
}

async function switchAndAbort(context: AppContext): Promise<void> {
  const { screen, shell, client } = context;
  const { seen, follow, end } = await startRelease(context, rollout);
  const { traffic } = seen;
  const shares = new Shares(traffic);
  const counted = (done: (state: AppState) => boolean) => (state: AppState) => {
    shares.count(state);
    return done(state);
  };
  const waiting = await follow(counted((state) => isWaiting(state) && shares.isEnoughAt(0)));
  await visitPreview(context, traffic);
  screen.text("", "The message says what the rollout waits for, and the command to go on:");
  await runAdvice(context, waiting, "StepWaits");
  const held = await follow(counted(() => shares.isEnoughAt(100)));
  screen.text("", "One write of the Service's selector moved all traffic. This is what the client saw:");
  shares.check(screen);
  await shell.show(showMessage);
  screen.text("", `The pods of ${first} are kept until the hold ends. A person finds a fault and aborts:`);
  const before = podsOf(held, first);
  await shell.show(`${kubectl} annotate demoapp ${app.name} ${annotations.abort}=2`);
  const abortedAt = performance.now();
  await follow((state) => state.status?.phase === "Degraded" && podsOf(state, second).length === 0);
  await end();
  const ms = Math.max(0, traffic.lastAnswerAt(second) - abortedAt).toFixed(0);
  screen.check(
    `${second} sent its last response ${ms} ms after the command; the pods of ${first} are the same as before`,
    before.length === context.replicas &&
      namesOf(before) === namesOf(availablePods((await readApp(client, app)).pods)),
  );
  checkNothingLost(context, seen);
  await checkAtRest(context);
}

async function retryToTheEnd(context: AppContext): Promise<void> {
  const { screen, client } = context;
  screen.text("The message says how to try the version again:");
  await runAdvice(context, await readApp(client, app), "RevisionRejected");
  const { seen, follow, end } = await watchRollout(context, rollout);
  screen.text("", "The promotion again, and this time nobody aborts:");
  await runAdvice(context, await follow(isWaiting), "StepWaits");
  await follow(isHealthy);
  await end();
  checkNothingLost(context, seen);
  await checkAtRest(context);
}

async function rejectInPreview(context: AppContext): Promise<void> {
  const traffic = await rejectVersion(context);
  context.screen.check(
    `no request reached ${broken}`,
    traffic.failures.length === 0 && traffic.answeredBy(broken) === 0,
  );
  await checkAtRest(context);
}

export const blueGreen: Variant = {
  title: "Blue-green rollouts of the DemoApp operator on a real Kubernetes",
  minutes: "3 to 4",
  fields,
  replicas: 3,
  columns: stepColumns,
  steps: [
    { title: "The strategy is a part of the YAML file", run: install },
    { title: "A new version: preview, promotion, all traffic at once, and back", run: switchAndAbort },
    { title: "The same version again, to the end", run: retryToTheEnd },
    { title: "A broken version gets no traffic", run: rejectInPreview },
    { title: "Back to Healthy: git revert", run: revertInGit },
  ],
};
