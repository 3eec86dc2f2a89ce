import { versions } from "../releases.ts";
import { type Stage, isIn, kubectl, release, watchRollout } from "./stage.ts";

/** Scene 3: a new version, one pod after the other, and no request is lost. */
export async function update(stage: Stage): Promise<void> {
  const { screen, shell } = stage;
  const { first, second } = versions;
  screen.scene(3, "A new version: change one line in Git");
  await release(stage, first, second);
  const done = isIn.bind(undefined, "Healthy");
  const { traffic, fewest } = await watchRollout(stage, { from: first, to: second, done });
  await shell.show(`${kubectl} get demoapps`);
  const { sent, failures } = traffic;
  screen.check(`never fewer than ${fewest} pods were available`, fewest >= 2);
  screen.check(
    [`${sent} requests, ${failures.length} failed`, failures[0]?.words].filter(Boolean).join(": "),
    sent > 100 && failures.length === 0 && traffic.answeredBy(second) > 0,
  );
}
