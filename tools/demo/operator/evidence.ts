import { type AppState, readApp } from "../appstate.ts";
import { versions } from "../../gitops/installation.ts";
import { type Answer, Traffic } from "../traffic.ts";
import { app } from "./prepare.ts";
import { type AppContext, serviceUrl, showMessage, sync } from "./rollout.ts";
import { checkAtRest } from "./stepped.ts";
import { revertInGit } from "./steps.ts";

const faulty = `${versions.second}-faulty`;

/** The variables make the web app fail a tenth of its requests, and name the version in its answers. */
const edit = `  analysis: {} # rejected above 1 % failed requests, if it is more than twice the share of the stable version
  env:
    - { name: FAULT_ERROR_RATE, value: "0.1" }
    - { name: APP_VERSION, value: "${faulty}" }
`;

const [rate, lookMs, limit] = [50, 10_000, 0.01];

/** After how many looks of 10 s a fixed threshold would reject a version by its answers; undefined if never. */
function thresholdLooks(answers: readonly Answer[]): number | undefined {
  const [first] = answers;
  const looks = new Map<number, { all: number; failed: number }>();
  for (const { atMs, ok } of answers) {
    const look = Math.floor((atMs - (first?.atMs ?? atMs)) / lookMs);
    const { all, failed } = looks.get(look) ?? { all: 0, failed: 0 };
    looks.set(look, { all: all + 1, failed: failed + Number(!ok) });
  }
  const over = [...looks].find(([, { all, failed }]) => failed > limit * all);
  return over && over[0] + 1;
}

/** Prints what the faulty version answered until it was gone, beside what a fixed threshold would have done. */
function compare({ screen }: AppContext, { answers }: Traffic): void {
  const fresh = answers.filter(({ version }) => version === faulty);
  const failed = fresh.filter(({ ok }) => !ok).length;
  const seconds = ((fresh.at(-1)?.atMs ?? 0) - (fresh[0]?.atMs ?? 0)) / 1000;
  screen.text(
    "",
    `Evidence:           ${failed} of ${fresh.length} requests to the version failed; it answered for ${seconds.toFixed(0)} s.`,
  );
  const looks = thresholdLooks(fresh);
  screen.text(
    `Threshold of 1 %:   ${looks === undefined ? "would have promoted it" : `over it in look ${looks} of 10 s`}. It would be as quick for a good version in`,
    "                    bad luck: one that fails 0.5 % is over 1 % in about one look of eight (docs/analysis.md).",
  );
  const others = answers.filter(({ version, ok }) => version !== faulty && !ok).length;
  screen.check(`no request to ${versions.second} failed`, others === 0 && answers.length > fresh.length);
}

/** The requests of the new version that its pods have counted. */
function counted({ status }: AppState): string {
  const { candidate } = status?.analysis?.metrics[0] ?? {};
  return candidate === undefined ? "-" : `${candidate.failed} of ${candidate.requests} failed`;
}

/** Step: a version that is ready, but fails requests, is found by the counters of its own pods. */
export async function rejectByEvidence(context: AppContext): Promise<void> {
  const { screen, shell, client, replicas } = context;
  screen.text(
    "A version can be ready and still fail requests. spec.analysis judges it by the counters that its pods serve at",
    "/metrics. Here a variable makes the web app fail a tenth of its requests:",
  );
  await shell.quietly("cat >> demoapp.yaml", edit);
  await shell.show("git diff --unified=0 | grep '^[-+] '");
  await shell.show("git commit --quiet --all --message 'Judge versions by their requests'");
  await shell.show(sync);
  screen.text(
    "",
    `Meanwhile the Service gets ${rate} requests a second. The first 30 s after a start don't count:`,
  );
  const traffic = new Traffic(`${serviceUrl(client)}version`, rate);
  const columns = context.columns;
  const headings = columns.map(({ heading, width }) => heading.padEnd(width)).join("");
  await screen.follow(`${headings}${"counted by the pods".padEnd(28)}requests  failed`, {
    what: "the end of the faulty version",
    poll: () => readApp(client, app),
    line: (state) =>
      columns.map(({ width, text }) => text(state).padEnd(width)).join("") + counted(state).padEnd(28),
    counters: () => `${traffic.sent}`.padStart(8) + `${traffic.failures.length}`.padStart(8),
    done: ({ status, pods }) => status?.phase === "Degraded" && pods.length === replicas,
  });
  await traffic.stop();
  await shell.show(showMessage);
  const { status } = await readApp(client, app);
  screen.check(
    `the version is rejected for its requests: ${status?.rejected?.[0]?.message}`,
    status?.rejected?.[0]?.reason === "TooManyErrors",
  );
  compare(context, traffic);
  await checkAtRest(context);
  await revertInGit(context);
}
