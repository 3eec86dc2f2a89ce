import { versions } from "../../releases.ts";
import { type Stage, arrival, healthy, push } from "../stage.ts";

/** Scene 6: what dev runs comes to staging by one line. */
export async function promote(stage: Stage): Promise<void> {
  const { screen, shell } = stage;
  screen.scene(6, "From dev to staging: one line");
  screen.reasonMessage(
    "The same digest, so the same image. The pipeline opens this change as a pull request:",
  );
  await shell.show('node "$PROJECT/tools/promote.ts" --from dev --to staging | cut -c 1-76');
  const changed = await shell.quietly("git diff --numstat");
  const commit = await push(stage, `Promote ${versions.second} to staging`);
  const { app, settled } = await arrival(stage, { environment: "staging", commit, settled: healthy });
  await shell.show("kubectl get demoapps --all-namespaces");
  screen.check(
    `one line was changed, and staging was Healthy ${settled} s after the push`,
    /^1\t1\t\S+staging\S+\s*$/.test(changed) &&
      app.status?.stable?.image.includes(`:${versions.second}@`) === true,
  );
}
