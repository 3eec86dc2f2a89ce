import { app } from "../api.ts";
import { versions } from "../releases.ts";
import {
  type Moment,
  type Stage,
  type Watched,
  isIn,
  kubectl,
  look,
  release,
  watchRollout,
} from "./stage.ts";

const { second, broken } = versions;

/** Scene 5: a version that crashes is not accepted; what serves goes on serving. */
export async function rollBack(stage: Stage): Promise<void> {
  const { screen, shell } = stage;
  screen.scene(5, "A broken version does not get through");
  screen.reasonMessage(
    `Version ${broken} becomes ready, and crashes a few seconds later. With minReadySeconds: 15 a pod counts only`,
    "when it has been ready for that long: until then no pod that works is taken away for it.",
    "",
  );
  await release(stage, second, broken);
  const done = (moment: Moment): boolean =>
    isIn("Degraded", moment) && moment.pods.every(({ version }) => version !== broken);
  const watched = await watchRollout(stage, { from: second, to: broken, done });
  await shell.show(`${kubectl} get demoapps`);
  screen.reasonMessage(
    "",
    "Git still asks for the broken version, so the app is Degraded, and says what to do:",
  );
  await shell.show(`${kubectl} get demoapp ${app.name} -o jsonpath='{.status.message}' | fold -s -w 96`);
  await check(stage, watched);
}

async function check(stage: Stage, { traffic, fewest, newIps }: Watched): Promise<void> {
  const { screen } = stage;
  const { app: demoApp, pods } = await look(stage);
  const { stable, rejected, blockers } = demoApp.status ?? {};
  screen.check(
    `${second} goes on serving: never fewer than ${fewest} pods were available`,
    fewest >= 2 &&
      stable?.image.endsWith(second) === true &&
      pods.filter(({ version, state }) => version === second && state === "available").length === 2,
  );
  screen.check(
    `${broken} is rejected for its crashes, and not tried again until Git changes or somebody says so`,
    rejected?.[0]?.reason === "CrashLoop" &&
      rejected[0].image.endsWith(broken) &&
      blockers?.some(({ reason, next }) => reason === "RevisionRejected" && next !== "") === true,
  );
  const { sent, failures } = traffic;
  const elsewhere = failures.find(({ ip }) => !newIps.has(ip));
  screen.check(
    elsewhere
      ? `no request to a good pod failed, but: ${elsewhere.words}`
      : `${sent} requests, ${failures.length} failed${failures.length > 0 ? `: those that a pod of ${broken} got while it crashed` : ""}`,
    elsewhere === undefined && traffic.answeredBy(second) > 100,
  );
}
