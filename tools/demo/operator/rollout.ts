import type { ApiClient } from "../../../operator/runtime/client.ts";
import { type AppState, availablePods, messageOf, readApp, summary } from "../appstate.ts";
import { versions } from "../../gitops/installation.ts";
import type { Context, Step } from "../scenario.ts";
import { Traffic } from "../traffic.ts";
import { app, changeTag, kubectl } from "./prepare.ts";

/** A column of the table that a rollout prints. */
interface Column {
  readonly heading: string;
  readonly width: number;
  readonly text: (state: AppState) => string;
}

export const phase: Column = { heading: "phase", width: 14, text: ({ status }) => status?.phase ?? "…" };

/** What the steps know of their variant. */
export interface AppContext extends Context {
  readonly replicas: number;
  /** The columns before those of the pods and the requests. */
  readonly columns: readonly Column[];
}

/** The operator with one strategy of rollouts. */
export interface Variant extends Pick<AppContext, "replicas" | "columns"> {
  readonly title: string;
  /** How long the demo takes, such as "3 to 4". */
  readonly minutes: string;
  /** Lines that are added to the sample's spec. */
  readonly fields: string;
  readonly steps: readonly Step<AppContext>[];
}

export const showMessage = `${kubectl} get demoapp ${app.name} -o jsonpath='{.status.message}' | fold -s -w 96`;

/** Stands in for a sync of Argo CD. */
export const sync = "kubectl apply --server-side -k .";

/** URL of the Service by way of the API server, which chooses a pod for each request. */
export const serviceUrl = ({ server }: ApiClient): string =>
  `${server}/api/v1/namespaces/${app.namespace}/services/${app.name}:80/proxy/`;

export const isHealthy = ({ status }: AppState): boolean => status?.phase === "Healthy";

/** Applies the working copy and prints the status message until the app is Healthy. */
export async function syncUntilHealthy({ screen, shell, client }: Context): Promise<AppState> {
  await shell.show(sync);
  const state = await screen.follow("status.message of the DemoApp", {
    what: "a Healthy app",
    poll: () => readApp(client, app),
    line: messageOf,
    done: isHealthy,
  });
  await shell.show(`${kubectl} get demoapps`);
  return state;
}

interface Rollout {
  readonly from: string;
  readonly to: string;
  /** Requests per second. */
  readonly rate?: number;
}

const podCell = (text: string): string => text.padEnd(28);

/** Releases another version and watches its rollout. */
export async function startRelease(context: AppContext, rollout: Rollout) {
  const { screen, shell } = context;
  screen.text("Change the image in demoapp.yaml, commit, and let Argo CD sync:");
  await changeTag(shell, rollout.from, rollout.to);
  await shell.show(`git commit --quiet --all --message 'Release ${rollout.to}'`);
  await shell.show(sync);
  return watchRollout(context, rollout);
}

/**
 * Sends requests during a rollout. `follow` prints the pods and the requests until `done`, `end` ends the load. `seen` has
 * the traffic, the lowest number of available pods, and the addresses of the new version's pods.
 */
export async function watchRollout(
  { screen, shell, client, columns }: AppContext,
  { from, to, rate = 20 }: Rollout,
) {
  screen.text("", `Meanwhile the Service gets ${rate} requests a second:`);
  const traffic = new Traffic(`${serviceUrl(client)}version`, rate);
  const seen = { traffic, fewest: Infinity, newIps: new Set<string>() };
  // Pods that an earlier step removed are not part of this rollout.
  const old = (await readApp(client, app)).pods.filter(({ state }) => state === "terminating");
  const poll = async (): Promise<AppState> => {
    const { status, pods: all } = await readApp(client, app);
    const pods = all.filter(({ name }) => !old.some((pod) => pod.name === name));
    seen.fewest = Math.min(seen.fewest, availablePods(pods).length);
    for (const { version, ip } of pods) if (version === to) seen.newIps.add(ip);
    return { status, pods };
  };
  const headings = columns.map(({ heading, width }) => heading.padEnd(width)).join("");
  const follow = (done: (state: AppState) => boolean): Promise<AppState> =>
    screen.follow(`${headings}${podCell(`pods of ${from}`)}${podCell(`pods of ${to}`)}requests  failed`, {
      what: `the end of the rollout of ${to}`,
      poll,
      line: (state) =>
        columns.map(({ width, text }) => text(state).padEnd(width)).join("") +
        podCell(summary(state.pods, from)) +
        podCell(summary(state.pods, to)),
      counters: () => `${traffic.sent}`.padStart(8) + `${traffic.failures.length}`.padStart(8),
      done,
    });
  const end = async (): Promise<void> => {
    await traffic.stop();
    await shell.show(`${kubectl} get demoapps`);
  };
  return { seen, follow, end };
}

/** Releases another version under load until the rollout is done. */
export async function release(context: AppContext, rollout: Rollout, done = isHealthy) {
  const { seen, follow, end } = await startRelease(context, rollout);
  await follow(done);
  await end();
  return seen;
}

/** Checks that the rollout of a good version lost no pod and no request. */
export function checkNothingLost(
  { screen, replicas }: AppContext,
  { traffic, fewest }: Awaited<ReturnType<typeof release>>,
): void {
  const { sent, failures } = traffic;
  screen.check(`never fewer than ${fewest} pods were available`, fewest >= replicas);
  screen.check(
    [`${sent} requests, ${failures.length} failed`, failures[0]?.message].filter(Boolean).join(": "),
    sent > 100 && failures.length === 0 && traffic.answeredBy(versions.second) > 0,
  );
}

/** Step: a new version replaces the old one pod by pod, and no request fails. */
export async function update(context: AppContext): Promise<void> {
  checkNothingLost(context, await release(context, { from: versions.first, to: versions.second }));
}
