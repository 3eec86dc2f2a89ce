import {
  type Application,
  applications,
  argoNamespace,
  isHealthy,
  isSynced,
} from "../../gitops/application.ts";
import { type Releases, versions } from "../../gitops/installation.ts";
import { type Repository, demoAppFile, imageLine, pinned } from "../../gitops/repository.ts";
import { availablePods, messageOf, namesOf, readApp } from "../appstate.ts";
import type { Context } from "../scenario.ts";

export interface GitOpsContext extends Context {
  readonly repository: Repository;
  readonly releases: Releases;
}

export const appName = "sre-demo-app";
export const namespaceOf = (environment: string): string => `sre-demo-${environment}`;
export const applicationOf = (environment: string): string => `webapp-${environment}`;
export const appOf = (environment: string) => ({ namespace: namespaceOf(environment), name: appName });

/** Names of the available pods of an environment. */
export const servingIn = async ({ client }: Context, environment: string): Promise<string> =>
  namesOf(availablePods((await readApp(client, appOf(environment))).pods));

export const syncOf = ({ status }: Application): string => status?.sync?.status ?? "Unknown";
export const healthOf = ({ status }: Application): string => status?.health?.status ?? "Unknown";

/**
 * Prints the state of an environment until Argo CD has synced the clone's commit and `settled` is true. Returns the
 * last state, and the seconds from the push to each of the two.
 */
export async function followRelease(
  { screen, client, repository }: GitOpsContext,
  environment: string,
  settled: (application: Application) => boolean = isHealthy,
) {
  const commit = await repository.head();
  const startMs = performance.now();
  const elapsed = (): string => ((performance.now() - startMs) / 1000).toFixed(1);
  let synced: string | undefined;
  const row = (
    ...[sync = "", revision = "", health = "", message = ""]: readonly (string | undefined)[]
  ): string => `${sync.padEnd(11)}${revision.slice(0, 7).padEnd(9)}${health.padEnd(13)}${message}`;
  const state = await screen.follow(row("Argo CD", "commit", "health", "status.message of the DemoApp"), {
    what: `${applicationOf(environment)} at commit ${commit.slice(0, 7)}`,
    poll: async () => {
      const ref = { namespace: argoNamespace, name: applicationOf(environment) };
      const application = (await client.get(applications, ref)) as Application;
      return { application, ...(await readApp(client, appOf(environment))) };
    },
    line: ({ application, ...app }) =>
      row(syncOf(application), application.status?.sync?.revision, healthOf(application), messageOf(app)),
    done: ({ application }) => {
      if (!isSynced(application, commit)) return false;
      synced ??= elapsed();
      return settled(application);
    },
  });
  return { ...state, synced: synced ?? elapsed(), settledAfter: elapsed() };
}

/** Changes the image of dev to another version and pushes it. */
export async function release(context: GitOpsContext, version: keyof typeof versions): Promise<void> {
  const { repository, releases } = context;
  await repository.edit(demoAppFile("dev"), imageLine, `$1${pinned(releases[version])}`);
  await push(context, `Release ${versions[version]} to dev`);
}

/** Prints the changes, commits and pushes them. */
export async function push({ shell }: GitOpsContext, message: string): Promise<void> {
  await shell.show("git diff --unified=0 | grep '^[-+] ' | cut -c 1-76");
  await shell.show(`git commit --quiet --all --message '${message}' && git push --quiet`);
}
