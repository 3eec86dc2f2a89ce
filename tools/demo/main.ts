// `npm run demo [-- --gitops] [--once] [--name CLUSTER]`: the whole story on a real cluster, or that of GitOps with a real Argo CD.
// Everything it tells is checked: what is not true ends it with the reason, the last logs and exit code 1.
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { consoleProgress } from "../cluster/progress.ts";
import { clusterFor } from "../cluster/provider.ts";
import { diagnose } from "./diagnose.ts";
import { gitopsStory } from "./gitops/story.ts";
import { operatorStory } from "./scenes/story.ts";
import { Screen } from "./screen.ts";
import { Shell } from "./shell.ts";
import type { Story, Tools } from "./story.ts";

interface Demo extends Tools {
  readonly once: boolean;
  readonly story: Story;
}

async function setUp(): Promise<Demo> {
  const flag = { type: "boolean", default: false } as const;
  const { once, gitops, name } = parseArgs({
    options: { once: flag, gitops: flag, name: { type: "string" } },
  }).values;
  // Argo CD would take the other story's changes back: each has a cluster of its own.
  const cluster = await clusterFor(name ?? (gitops ? "demo-gitops" : "demo"), "node");
  const story = await (gitops ? gitopsStory(cluster) : operatorStory(cluster));
  const screen = new Screen(process.stdout);
  const shell = new Shell({ screen, cwd: story.folder, env: story.environment });
  return { once, story, screen, shell, cluster, progress: consoleProgress(process.stdout) };
}

/** Ends what runs beside the demo; with `--once` also the cluster. */
async function cleanUp({ once, screen, shell, cluster, progress, story }: Demo): Promise<void> {
  await shell.stopAll();
  if (!once) return;
  screen.title("Cleaning up");
  await cluster.down(progress);
  await story.remove();
}

function farewell({ screen, story }: Demo): void {
  const width = Math.max(...story.farewell.map(([command]) => command.length)) + 3;
  screen.title("It goes on running. To explore it:");
  screen.reasonMessage(...story.farewell.map(([command, what]) => `${command.padEnd(width)}${what}`));
}

/** How it ended. */
interface End {
  readonly code: number;
  readonly failure?: string;
}

async function told({ story, ...tools }: Demo): Promise<End> {
  tools.screen.title(story.title);
  tools.screen.reasonMessage(story.about, "");
  try {
    await story.tell(tools);
    return { code: 0 };
  } catch (error) {
    return { code: 1, failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Settles with the first signal. The terminal and npm both pass a Ctrl-C on: others don't cut the clean-up short. */
const interrupted = (): Promise<End> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.on(signal, () => resolve({ code: 128 + constants.signals[signal] }));
  });

/** Tells the story and clears up after it, shows what went wrong; gives the exit code. */
async function run(demo: Demo): Promise<number> {
  const { screen, shell } = demo;
  const { code, failure } = await Promise.race([interrupted(), told(demo)]);
  if (failure !== undefined) {
    screen.failure(failure);
    await diagnose(screen, shell);
  } else if (code > 0) screen.failure("stopped");
  await cleanUp(demo);
  const seconds = screen.seconds.toFixed(0);
  if (failure !== undefined) console.log(`\ndemo: failed after ${seconds}s: ${failure.split("\n", 1)[0]}`);
  if (code === 0 && !demo.once) farewell(demo);
  if (code === 0 && demo.once) console.log(`demo: ok in ${seconds}s`);
  return code;
}

try {
  process.exit(await run(await setUp()));
} catch (error) {
  // What is missing on this machine, or what could not be removed: the sentence says it, a stack would hide it.
  console.error(`\ndemo: failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
