import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's environment. Undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Called with each line of stderr while the command runs. */
  readonly onLine?: (line: string) => void;
}

/** Number of lines of stderr that an error message contains. */
const ERROR_LINES = 15;

/** Runs a command without a shell and returns its stdout. Rejects with the end of its stderr if it fails. */
export async function command(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [file = "", ...args] = argv;
  const { cwd, env, input = "", onLine } = options;
  const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: "pipe" });
  let stdout = "";
  const stderr: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  createInterface({ input: child.stderr }).on("line", (line) => {
    onLine?.(line);
    stderr.push(line);
    if (stderr.length > ERROR_LINES) stderr.shift();
  });
  // EPIPE: the command ended without reading its input. Its exit code says whether it failed.
  child.stdin.on("error", () => undefined).end(input);
  const failure = await new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : `exit ${signal ?? code}`));
  });
  if (failure === undefined) return stdout;
  throw new Error([`${argv.join(" ")}: ${failure}`, ...stderr].join("\n  "));
}

/** True if the command exits with code 0. */
export async function succeeds(argv: readonly string[]): Promise<boolean> {
  return command(argv).then(
    () => true,
    () => false,
  );
}

/** Makes `until` reject at once: the condition can no longer become true. */
export class PermanentError extends Error {
  override readonly name = "PermanentError";
}

/**
 * Polls `probe` until it returns a value; it is called again after undefined or an error, except `PermanentError`. A
 * pause is as long as the probe took, within limits: a probe that runs kubectl would otherwise occupy a processor.
 */
export async function until<T>(
  what: string,
  deadlineMs: number,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  for (let startedMs = performance.now(); startedMs < end; startedMs = performance.now()) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      if (error instanceof PermanentError) throw error;
      last = error;
    }
    const pauseMs = Math.min(Math.max(50, performance.now() - startedMs), 500);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  const reason = last instanceof Error ? `: ${last.message}` : "";
  throw new Error(`${what}: not within ${deadlineMs / 1000} s${reason}`);
}
