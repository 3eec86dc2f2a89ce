import { versions } from "../../releases.ts";
import { type Stage, app, applicationOf, arrival, healthy, namespaceOf, release } from "../stage.ts";

/** Scene 2: a commit becomes what runs. */
export async function releaseByCommit(stage: Stage): Promise<void> {
  const { screen, shell } = stage;
  screen.scene(2, "A release is a commit");
  screen.reasonMessage("Somebody edits the image of dev, commits and pushes:");
  const commit = await release(stage, "second", versions.second);
  const arrived = await arrival(stage, { environment: "dev", commit, settled: healthy });
  await shell.show(`kubectl -n ${namespaceOf("dev")} get demoapps`);
  await shell.show(`argocd app get ${applicationOf("dev")}`);
  screen.check(
    `Synced ${arrived.synced} s and Healthy ${arrived.settled} s after the push`,
    arrived.app.status?.stable?.image.includes(`:${versions.second}@`) === true,
  );
  screen.reasonMessage(
    `(Argo CD looks into Git every few seconds here; a webhook of the Git server would save the wait.)`,
  );
  screen.reasonMessage(`The app's name is ${app} in every environment; the namespace tells them apart.`);
}
