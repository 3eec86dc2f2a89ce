import { app } from "./api.ts";
import { until } from "../cluster/command.ts";
import type { Shell } from "./shell.ts";

/** The Deployment as it became, and when. */
interface Change {
  readonly text: string;
  readonly atMs: number;
}

interface DriftRecord {
  /** The first is how it was at the start. */
  readonly changes: readonly Change[];
  readonly stop: () => Promise<void>;
}

const columns = '{.spec.replicas} {.spec.template.spec.containers[0].resources.limits}{"\\n"}';

/** `2 {"cpu":"250m"}`, as the watch prints it, in words. */
export function wordsOf(line: string): string {
  const [, replicas = "", limits = "{}"] = /^(\d+) (.*)$/.exec(line) ?? [];
  const list = Object.entries(JSON.parse(limits) as Record<string, string>);
  return `replicas ${replicas}, limits ${list.map(([resource, amount]) => `${resource} ${amount}`).join(" and ")}`;
}

/** What to watch. */
export interface Watch {
  readonly command: string;
  /** The first line that tells of the object. */
  readonly ready: RegExp;
  /** A line in words. */
  readonly wordsOf: (line: string) => string;
}

/** The replicas and the limits of the app's Deployment. */
export const deploymentWatch: Watch = {
  command: `kubectl -n ${app.namespace} get deployment ${app.name} --watch -o jsonpath='${columns}'`,
  ready: /^\d/,
  wordsOf,
};

/**
 * Writes down every change of an object as the API server tells of it. Not through `kubectl proxy`, which keeps
 * lines back for up to 200 ms.
 */
async function recordChanges(shell: Shell, { command, ready, wordsOf }: Watch): Promise<DriftRecord> {
  const changes: Change[] = [];
  const onLine = (line: string): void => {
    const text = wordsOf(line);
    if (text !== changes.at(-1)?.text) changes.push({ text, atMs: performance.now() });
  };
  const running = await shell.start(command, { ready, onLine });
  return { changes, stop: () => running.stop() };
}

/**
 * Does something by hand, and waits until it is undone: gives the object before, changed, and set back. Rejects if
 * that takes longer than `withinMs`.
 */
export async function tamper(
  shell: Shell,
  { watch, command, withinMs }: { watch: Watch; command: string; withinMs: number },
): Promise<readonly [Change, Change, Change]> {
  const { changes, stop } = await recordChanges(shell, watch);
  try {
    await shell.show(command);
    return await until("the repair", withinMs, async () => {
      const [before, changed] = changes;
      const repaired = changes.slice(2).find((change) => change.text === before?.text);
      return before && changed && repaired ? ([before, changed, repaired] as const) : undefined;
    });
  } finally {
    await stop();
  }
}
