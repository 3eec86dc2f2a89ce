import { until } from "../cluster/command.ts";
import type { Context } from "./scenario.ts";

/** A change by hand that the cluster is expected to revert. */
interface HandChange {
  /** A `kubectl get` of the one object that the command changes. */
  readonly get: string;
  /** The fields to watch, as a kubectl jsonpath; printed as they are. */
  readonly fields: string;
  /** The command that makes the change. */
  readonly command: string;
}

/** Longer than any revert takes. */
const deadlineMs = 30_000;

/**
 * Makes a change by hand, waits until the object is as before, and prints its states; returns the milliseconds from
 * the change to its revert. Watches with kubectl: polling would miss the change, `kubectl proxy` delays events by
 * up to 200 ms.
 */
export async function changeByHand(
  { screen, shell }: Context,
  { get, fields, command }: HandChange,
): Promise<number> {
  const states: { readonly text: string; readonly atMs: number }[] = [];
  const watch = await shell.start(`${get} --watch -o jsonpath='${fields}{"\\n"}'`, /./, (text) => {
    if (text !== states.at(-1)?.text) states.push({ text, atMs: performance.now() });
  });
  await shell.show(command);
  const [before, changed, reverted] = await until("the change to be reverted", deadlineMs, () => {
    const [before, changed, ...later] = states;
    const reverted = later.find(({ text }) => text === before?.text);
    return Promise.resolve(before && changed && reverted && ([before, changed, reverted] as const));
  });
  await watch.stop();
  const tookMs = Math.ceil(reverted.atMs - changed.atMs);
  screen.text(`  before    ${before.text}`, `  changed   ${changed.text}`);
  screen.text(`  reverted  ${reverted.text}, ${tookMs} ms later`);
  return tookMs;
}
