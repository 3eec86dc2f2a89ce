import { until } from "../../../cluster/command.ts";
import { type Watch, tamper } from "../../drift.ts";
import { type Stage, app, applicationOf, namespaceOf, podsOf } from "../stage.ts";

/** Longer than any repair may take. */
const REPAIR_MS = 30_000;

const kubectl = `kubectl -n ${namespaceOf("dev")}`;

/** Does something by hand and shows how it is undone; gives the milliseconds that took. */
async function undone({ screen, shell }: Stage, command: string, watch: Watch): Promise<number> {
  const [before, changed, repaired] = await tamper(shell, { watch, command, withinMs: REPAIR_MS });
  const ms = Math.ceil(repaired.atMs - changed.atMs);
  screen.reasonMessage(`  ${before.text}, then ${changed.text}, then ${repaired.text} again, ${ms} ms later`);
  return ms;
}

const replicasOf = (kind: string): Watch => ({
  command: `${kubectl} get ${kind} ${app} --watch -o jsonpath='{.spec.replicas}{"\\n"}'`,
  ready: /^\d/,
  wordsOf: (line) => `${line} replicas`,
});

/** Scene 3: what is changed by hand is set back, by whoever owns it. */
export async function changeByHand(stage: Stage): Promise<void> {
  const { screen, shell } = stage;
  screen.scene(3, "Somebody changes things by hand");
  const before = await podsOf(stage, "dev");
  screen.reasonMessage("The DemoApp belongs to Git, so Argo CD sets it back:");
  const byArgo = await undone(stage, `${kubectl} scale demoapp ${app} --replicas=5`, replicasOf("demoapp"));
  await shell.show(
    `kubectl -n argocd get events --field-selector involvedObject.name=${applicationOf("dev")},reason=OperationStarted --sort-by=.lastTimestamp -o custom-columns=MESSAGE:.message | tail -n 1`,
  );
  screen.reasonMessage("", "The Deployment belongs to the operator, so the operator does:");
  const byOperator = await undone(
    stage,
    `${kubectl} scale deployment ${app} --replicas=4`,
    replicasOf("deployment"),
  );
  const events = `${kubectl} get events --field-selector reason=DriftRepaired`;
  await until("an event of the repair", REPAIR_MS, async () =>
    (await shell.quietly(`${events} --no-headers`)).includes("kubectl") ? true : undefined,
  );
  await shell.show(`${events} -o custom-columns=MESSAGE:.message`);
  await until("the pods that were too many to go", REPAIR_MS, async () =>
    (await podsOf(stage, "dev")) === before ? true : undefined,
  );
  screen.check(
    `set back by Argo CD in ${byArgo} ms and by the operator in ${byOperator} ms; the pod that serves is the same`,
    (await podsOf(stage, "dev")) === before,
  );
}
