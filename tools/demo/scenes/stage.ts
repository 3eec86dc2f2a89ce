import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import { type Api, type KubeApp, app } from "../api.ts";
import { type Pod, summary } from "../pods.ts";
import type { Screen } from "../screen.ts";
import type { Shell } from "../shell.ts";
import { Traffic } from "../traffic.ts";
import type { WorkingCopy } from "../workingcopy.ts";

/** What every scene plays with. */
export interface Stage {
  readonly screen: Screen;
  readonly shell: Shell;
  readonly api: Api;
  readonly workingCopy: WorkingCopy;
}

/** The app at one moment. */
export interface Moment {
  readonly app: KubeApp;
  readonly pods: readonly Pod[];
}

export const kubectl = `kubectl -n ${app.namespace}`;

/** Longer than anything here takes on a slow machine. */
export const patienceMs = 180_000;

export async function look({ api }: Stage): Promise<Moment> {
  const demoApp = await api.demoApp();
  return { app: demoApp, pods: await api.pods(app, demoApp.spec.minReadySeconds) };
}

/** The status, once the operator has seen the spec as it is now. */
const statusOf = ({ app: { metadata, status } }: Pick<Moment, "app">): DemoAppStatus | undefined =>
  status?.observedGeneration === metadata.generation ? status : undefined;

/** True if the operator has seen the spec as it is now and says that the app is in `phase`. */
export const isIn = (phase: string, moment: Moment): boolean => statusOf(moment)?.phase === phase;

const phaseOf = (moment: Moment): string => (statusOf(moment)?.phase ?? "…").padEnd(12);
export const messageOf = (moment: Pick<Moment, "app">): string =>
  statusOf(moment)?.message ?? "(the operator has yet to see it)";

/** A rollout to watch, from one version to another. */
export interface Rollout {
  readonly from: string;
  readonly to: string;
  readonly done: (moment: Moment) => boolean;
}

/** What was seen of it, with somebody asking the Service all the time. */
export interface Watched {
  readonly traffic: Traffic;
  /** The fewest pods that were available at any look. */
  readonly fewest: number;
  /** The addresses of the new version's pods. */
  readonly newIps: ReadonlySet<string>;
}

const WIDTH = 26;
const cell = (text: string): string => `${text.padEnd(WIDTH - 2)}  `;

/** Watches until `done`, a line a change. */
export async function watchRollout(stage: Stage, { from, to, done }: Rollout): Promise<Watched> {
  const traffic = new Traffic(`${stage.api.serviceUrl}version`);
  const newIps = new Set<string>();
  // Pods that are on their way out since before, for other reasons.
  const leaving = (await look(stage)).pods.filter(({ state }) => state === "stopping");
  const before = new Set(leaving.map(({ name }) => name));
  let fewest = Infinity;
  let counts = "";
  let shown = "";
  const observe = async (): Promise<Moment> => {
    const moment = await look(stage);
    const pods = moment.pods.filter(({ name }) => !before.has(name));
    fewest = Math.min(fewest, pods.filter(({ state }) => state === "available").length);
    for (const { version, ip } of pods) if (version === to) newIps.add(ip);
    return { ...moment, pods };
  };
  const line = (moment: Moment): string => {
    const text = `${phaseOf(moment)}  ${cell(summary(moment.pods, from))}${cell(summary(moment.pods, to))}`;
    // The count moves all the time: it is taken when something else changes.
    if (text !== shown) counts = `${traffic.sent}`.padStart(8) + `${traffic.failures.length}`.padStart(8);
    shown = text;
    return `${text}${counts}`;
  };
  const { screen } = stage;
  screen.reasonMessage("", "Meanwhile somebody asks the Service 20 times a second:");
  screen.columns(`${"phase".padEnd(14)}${cell(`pods of ${from}`)}${cell(`pods of ${to}`)}requests  failed`);
  try {
    await screen.follow({
      what: `the end of the rollout of ${to}`,
      deadlineMs: patienceMs,
      look: observe,
      line,
      done,
    });
  } finally {
    await traffic.stop();
  }
  return { traffic, fewest, newIps };
}

/** Changes the image's tag in the working copy, shows the difference, commits and applies it. */
export async function release(
  { screen, shell, workingCopy }: Stage,
  from: string,
  to: string,
): Promise<void> {
  await workingCopy.retag(from, to);
  screen.reasonMessage("Somebody edits the image in demoapp.yaml, commits, and Argo CD syncs:");
  await shell.show("git diff --unified=0 | grep '^[-+] '");
  await shell.show(`git commit --quiet --all --message 'Release ${to}'`);
  await sync(shell);
}

/** What Argo CD does when Git has changed. */
export const sync = (shell: Shell): Promise<string> => shell.show("kubectl apply --server-side -k .");
