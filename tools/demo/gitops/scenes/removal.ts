import { patienceMs } from "../../scenes/stage.ts";
import { type Stage, applicationOf, namespaceOf } from "../stage.ts";

const name = applicationOf("staging");
const children = "demoapps,deployments,services,controllerrevisions,pods";

/** Scene 7: what leaves Git leaves the cluster. */
export async function remove(stage: Stage): Promise<void> {
  const { screen, shell, api } = stage;
  screen.scene(7, "An environment leaves Git");
  await shell.show("git rm -r --quiet deploy/webapp/overlays/staging");
  await shell.show("git commit --quiet --message 'Remove staging' && git push --quiet");
  const count = async (): Promise<number> => {
    const get = `kubectl -n ${namespaceOf("staging")} get ${children} -o name --ignore-not-found`;
    return (await shell.quietly(get)).trim().split("\n").filter(Boolean).length;
  };
  screen.columns("Application     objects in its namespace");
  await screen.follow({
    what: "the end of staging",
    deadlineMs: patienceMs,
    look: async () => ({ known: (await api.applications()).has(name), left: await count() }),
    line: ({ known, left }) => `${(known ? "there" : "gone").padEnd(16)}${left}`,
    done: ({ known, left }) => !known && left === 0,
  });
  const told = await shell.show("kubectl get demoapps --all-namespaces");
  screen.check("its DemoApp is gone with all that was made from it", !told.includes(namespaceOf("staging")));
}
