import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

/** A process that keeps running, such as `kubectl proxy`. */
export interface RunningProcess {
  readonly pid: number;
  /** The line that matched `ready`. */
  readonly readyLine: string;
  /** Sends SIGTERM and waits until the process has ended. */
  stop(): Promise<void>;
}

interface StartOptions {
  readonly cwd?: string;
  /** The whole environment of the process. */
  readonly env: NodeJS.ProcessEnv;
  /** Matches the line of standard output that shows that the process is ready. */
  readonly ready: RegExp;
  readonly readyWithinMs: number;
  /** Called with each line of standard output. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Ends the process when aborted. */
  readonly signal?: AbortSignal;
}

const keptLines = 10;
const keptLength = 500;

/** Starts a process and waits until it is ready; rejects with its last output if it ends first or takes too long. */
export async function startProcess(
  [file = "", ...args]: readonly string[],
  { ready, readyWithinMs, onLine, ...options }: StartOptions,
): Promise<RunningProcess> {
  const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const lastLines: string[] = [];
  const keep = (line: string): void => {
    lastLines.push(line.slice(0, keptLength));
    if (lastLines.length > keptLines) lastLines.shift();
  };
  const ended = new Promise<undefined>((resolve) => {
    child.on("error", (error) => keep(error.message)).on("close", () => resolve(undefined));
  });
  const isReady = new Promise<string>((resolve) => {
    createInterface({ input: child.stderr }).on("line", keep);
    createInterface({ input: child.stdout }).on("line", (line) => {
      keep(line);
      onLine?.(line);
      if (ready.test(line)) resolve(line);
    });
  });
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  const readyLine = await Promise.race([isReady, ended, delay(readyWithinMs, undefined, { ref: false })]);
  if (readyLine !== undefined && child.pid !== undefined) return { pid: child.pid, readyLine, stop };
  await stop();
  throw new Error([`${[file, ...args].join(" ")} did not start:`, ...lastLines].join("\n    "));
}
