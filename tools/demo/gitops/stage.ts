import { type Application, isHealthy, isSynced } from "../../gitops/application.ts";
import type { Releases } from "../../gitops/installation.ts";
import { type Repository, demoAppFile, imageLine, pinned } from "../../gitops/repository.ts";
import type { Api, KubeApp } from "../api.ts";
import type { Pod } from "../pods.ts";
import { messageOf, patienceMs } from "../scenes/stage.ts";
import type { Screen } from "../screen.ts";
import type { Shell } from "../shell.ts";

/** What every scene plays with. */
export interface Stage {
  readonly screen: Screen;
  readonly shell: Shell;
  readonly api: Api;
  readonly repository: Repository;
  readonly releases: Releases;
}

export const app = "sre-demo-app";
export const namespaceOf = (environment: string): string => `sre-demo-${environment}`;
export const applicationOf = (environment: string): string => `webapp-${environment}`;

/** An environment at one moment. */
export interface Moment {
  readonly application: Application;
  readonly app: KubeApp;
  readonly pods: readonly Pod[];
}

async function look({ api }: Stage, environment: string): Promise<Moment> {
  const place = { namespace: namespaceOf(environment), name: app };
  const [application, demoApp] = await Promise.all([
    api.application(applicationOf(environment)),
    api.demoApp(place),
  ]);
  return { application, app: demoApp, pods: await api.pods(place, demoApp.spec.minReadySeconds) };
}

/** The names of the pods that serve. */
export const podsOf = async (stage: Stage, environment: string): Promise<string> =>
  (await look(stage, environment)).pods
    .filter(({ state }) => state === "available")
    .map(({ name }) => name)
    .toSorted()
    .join();

export const syncOf = ({ status }: Application): string => status?.sync?.status ?? "Unknown";
export const healthOf = ({ status }: Application): string => status?.health?.status ?? "Unknown";

const columns = `${"Argo CD".padEnd(11)}${"commit".padEnd(9)}${"health".padEnd(13)}the DemoApp's status.message`;

const lineOf = (moment: Moment): string => {
  const { application } = moment;
  const commit = application.status?.sync?.revision?.slice(0, 7) ?? "";
  return `${syncOf(application).padEnd(11)}${commit.padEnd(9)}${healthOf(application).padEnd(13)}${messageOf(moment)}`;
};

/** Seconds since the push, for people. */
export interface Arrival {
  readonly synced: string;
  readonly settled: string;
}

/** Watches an environment from a push on, until Argo CD has the commit and `settled` is true. */
export async function arrival(
  stage: Stage,
  { environment, commit, settled }: Awaited,
): Promise<Arrival & Moment> {
  const startMs = performance.now();
  const since = (): string => ((performance.now() - startMs) / 1000).toFixed(1);
  let synced: string | undefined;
  stage.screen.columns(columns);
  const moment = await stage.screen.follow({
    what: `${applicationOf(environment)} at commit ${commit.slice(0, 7)}`,
    deadlineMs: patienceMs,
    look: () => look(stage, environment),
    line: lineOf,
    done: ({ application }) => {
      if (!isSynced(application, commit)) return false;
      synced ??= since();
      return settled(application);
    },
  });
  return { ...moment, synced: synced ?? since(), settled: since() };
}

/** What to wait for. */
interface Awaited {
  readonly environment: string;
  readonly commit: string;
  readonly settled: (application: Application) => boolean;
}

export const healthy = isHealthy;
export const degraded = (application: Application): boolean => healthOf(application) === "Degraded";

/** Writes another version into an environment's file, shows the difference, commits and pushes; gives the commit. */
export async function release(stage: Stage, version: keyof Releases, tag: string): Promise<string> {
  const { repository, releases } = stage;
  await repository.edit(demoAppFile("dev"), imageLine, `$1${pinned(releases[version])}`);
  return push(stage, `Release ${tag} to dev`);
}

/** Shows what was changed, commits and pushes it; gives the commit. */
export async function push({ shell, repository }: Stage, message: string): Promise<string> {
  await shell.show("git diff --unified=0 | grep '^[-+] ' | cut -c 1-76");
  await shell.show(`git commit --quiet --all --message '${message}' && git push --quiet`);
  return repository.head();
}
