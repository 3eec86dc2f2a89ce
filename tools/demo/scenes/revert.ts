import { versions } from "../releases.ts";
import { type Stage, isIn, kubectl, look, messageOf, patienceMs, sync } from "./stage.ts";

/** Scene 6: `git revert` makes Git and the cluster agree again. */
export async function revert(stage: Stage): Promise<void> {
  const { screen, shell } = stage;
  screen.scene(6, "Back to health: git revert");
  const namesOf = async (): Promise<string> =>
    (await look(stage)).pods
      .map(({ name }) => name)
      .toSorted()
      .join();
  const before = await namesOf();
  await shell.show("git revert --no-edit HEAD | head -n 1");
  await shell.show("git diff --unified=0 HEAD~1 | grep '^[-+] '");
  await sync(shell);
  screen.columns("the DemoApp's status.message");
  await screen.follow({
    what: "a healthy app",
    deadlineMs: patienceMs,
    look: () => look(stage),
    line: messageOf,
    done: (moment) => isIn("Healthy", moment),
  });
  await shell.show(`${kubectl} get demoapps`);
  screen.check(
    `Healthy at once: ${versions.second} had never stopped, and no pod was restarted`,
    before === (await namesOf()),
  );
}
