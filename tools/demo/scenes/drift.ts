import { until } from "../../cluster/command.ts";
import { app } from "../api.ts";
import { deploymentWatch, tamper } from "../drift.ts";
import { versions } from "../releases.ts";
import { type Stage, kubectl, look } from "./stage.ts";

/** Longer than any repair may take. */
const REPAIR_MS = 10_000;

/** Does something to the Deployment by hand and shows how it is undone. */
async function undone({ screen, shell }: Stage, command: string): Promise<void> {
  const wish = { watch: deploymentWatch, command, withinMs: REPAIR_MS };
  const [before, changed, repaired] = await tamper(shell, wish);
  screen.reasonMessage(
    `  was       ${before.text}`,
    `  became    ${changed.text}`,
    `  set back  ${repaired.text}, ${Math.ceil(repaired.atMs - changed.atMs)} ms later`,
  );
}

/** Scene 4: changes that don't come from Git are undone, and named. */
export async function drift(stage: Stage): Promise<void> {
  const { screen, shell } = stage;
  screen.scene(4, "Somebody changes the Deployment by hand");
  screen.reasonMessage("What Git says counts: whatever else is changed in the Deployment is set back.");
  const serving = async (): Promise<string[]> =>
    (await look(stage)).pods
      .filter(({ version, state }) => version === versions.second && state === "available")
      .map(({ name }) => name)
      .toSorted();
  const before = await serving();
  await undone(stage, `${kubectl} scale deployment ${app.name} --replicas=5`);
  await undone(stage, `${kubectl} set resources deployment ${app.name} --limits=cpu=2,memory=1Gi`);
  const events = `${kubectl} get events --field-selector reason=DriftRepaired`;
  await until("an event for each repair", REPAIR_MS, async () =>
    (await shell.quietly(`${events} --no-headers`)).trim().split("\n").length >= 2 ? true : undefined,
  );
  screen.reasonMessage("", "It is on record who it was (the field manager that kubectl gave):");
  await shell.show(`${events} -o custom-columns=MESSAGE:.message`);
  const after = await serving();
  screen.check(
    "the 2 pods that serve are the same as before",
    before.length === 2 && before.join() === after.join(),
  );
}
