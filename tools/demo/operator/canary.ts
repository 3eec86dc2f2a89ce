import { versions } from "../../gitops/installation.ts";
import { rejectByEvidence } from "./evidence.ts";
import { kubectl } from "./prepare.ts";
import { type AppContext, type Variant, checkNothingLost, isHealthy, startRelease } from "./rollout.ts";
import { Shares, checkAtRest, isWaiting, runAdvice, stepColumns } from "./stepped.ts";
import { install, rejectVersion, revertInGit } from "./steps.ts";

const { first, second } = versions;

const fields = `  replicas: 3
  strategy:
    type: Canary
    canary:
      steps:
        - setWeight: 25
        - pause: { seconds: 15 }
        - setWeight: 50
        - pause: {} # until a person promotes
`;

async function releaseInSteps(context: AppContext): Promise<void> {
  const { screen, shell } = context;
  const { seen, follow, end } = await startRelease(context, { from: first, to: second, rate: 50 });
  const shares = new Shares(seen.traffic);
  const paused = await follow((state) => {
    shares.count(state);
    return isWaiting(state) && shares.isEnoughAt(50);
  });
  await shell.show(`${kubectl} get demoapps`);
  screen.text("", "The weight is the share of the pods. This is what the client saw during each pause:");
  shares.check(screen);
  screen.text("", "The message says what the rollout waits for, and the command to go on:");
  await runAdvice(context, paused, "StepWaits");
  await follow(isHealthy);
  await end();
  checkNothingLost(context, seen);
  await checkAtRest(context);
}

async function rejectCanary(context: AppContext): Promise<void> {
  await rejectVersion(context);
  await checkAtRest(context);
}

export const canary: Variant = {
  title: "Canaries of the DemoApp operator on a real Kubernetes",
  minutes: "5 to 6",
  fields,
  replicas: 3,
  columns: stepColumns,
  steps: [
    { title: "The strategy is a part of the YAML file", run: install },
    { title: "A new version: a quarter of the pods, half, then a person promotes", run: releaseInSteps },
    { title: "A version that fails requests is found by its counters", run: rejectByEvidence },
    { title: "A broken version is rejected and removed", run: rejectCanary },
    { title: "Back to Healthy: git revert", run: revertInGit },
  ],
};
