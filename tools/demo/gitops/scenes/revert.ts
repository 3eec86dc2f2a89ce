import { type Stage, applicationOf, arrival, healthy, namespaceOf, podsOf } from "../stage.ts";

/** Scene 5: `git revert` makes Git and the cluster agree again. */
export async function revert(stage: Stage): Promise<void> {
  const { screen, shell, repository } = stage;
  screen.scene(5, "Back to health: git revert");
  const before = await podsOf(stage, "dev");
  await shell.show("git revert --no-edit HEAD | head -n 1 && git push --quiet");
  const commit = await repository.head();
  const { settled } = await arrival(stage, { environment: "dev", commit, settled: healthy });
  await shell.show(`kubectl -n ${namespaceOf("dev")} get demoapps`);
  await shell.show(`argocd app history ${applicationOf("dev")} | cut -c 1-72`);
  screen.check(
    `Healthy ${settled} s after the push, and no pod was restarted`,
    before === (await podsOf(stage, "dev")),
  );
}
