import type { ApiClient } from "../../../operator/runtime/client.ts";
import { type AppState, availablePods, messageOf, readApp, summary } from "../appstate.ts";
import { versions } from "../../gitops/installation.ts";
import type { Context } from "../scenario.ts";
import { Traffic } from "../traffic.ts";
import { app, changeTag, kubectl } from "./prepare.ts";

/** Stands in for a sync of Argo CD. */
const sync = "kubectl apply --server-side -k .";

/** URL of the Service by way of the API server, which chooses a pod for each request. */
export const serviceUrl = ({ server }: ApiClient): string =>
  `${server}/api/v1/namespaces/${app.namespace}/services/${app.name}:80/proxy/`;

const isHealthy = ({ status }: AppState): boolean => status?.phase === "Healthy";

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
  /** Default: the app is Healthy. */
  readonly done?: (state: AppState) => boolean;
}

const cell = (text: string): string => text.padEnd(28);

/**
 * Releases another version and prints the pods and the requests until the rollout is done. Returns the traffic, the
 * lowest number of available pods, and the addresses of the new version's pods.
 */
export async function release({ screen, shell, client }: Context, { from, to, done = isHealthy }: Rollout) {
  screen.text("Change the image in demoapp.yaml, commit, and let Argo CD sync:");
  await changeTag(shell, from, to);
  await shell.show(`git commit --quiet --all --message 'Release ${to}'`);
  await shell.show(sync);
  screen.text("", "Meanwhile the Service gets 20 requests a second:");
  const traffic = new Traffic(`${serviceUrl(client)}version`);
  const newIps = new Set<string>();
  let fewest = Infinity;
  // Pods that an earlier step removed are not part of this rollout.
  const old = (await readApp(client, app)).pods.filter(({ state }) => state === "terminating");
  const poll = async (): Promise<AppState> => {
    const { status, pods: all } = await readApp(client, app);
    const pods = all.filter(({ name }) => !old.some((pod) => pod.name === name));
    fewest = Math.min(fewest, availablePods(pods).length);
    for (const { version, ip } of pods) if (version === to) newIps.add(ip);
    return { status, pods };
  };
  const heading = `${cell(`pods of ${from}`)}${cell(`pods of ${to}`)}requests  failed`;
  await screen.follow(`${"phase".padEnd(14)}${heading}`, {
    what: `the end of the rollout of ${to}`,
    poll,
    line: ({ status, pods }) =>
      (status?.phase ?? "…").padEnd(14) + cell(summary(pods, from)) + cell(summary(pods, to)),
    counters: () => `${traffic.sent}`.padStart(8) + `${traffic.failures.length}`.padStart(8),
    done,
  });
  await traffic.stop();
  await shell.show(`${kubectl} get demoapps`);
  return { traffic, fewest, newIps };
}

/** Step: a new version replaces the old one pod by pod, and no request fails. */
export async function update(context: Context): Promise<void> {
  const { first, second } = versions;
  const { traffic, fewest } = await release(context, { from: first, to: second });
  const { sent, failures } = traffic;
  context.screen.check(`never fewer than ${fewest} pods were available`, fewest >= 2);
  context.screen.check(
    [`${sent} requests, ${failures.length} failed`, failures[0]?.message].filter(Boolean).join(": "),
    sent > 100 && failures.length === 0 && traffic.answeredBy(second) > 0,
  );
}
