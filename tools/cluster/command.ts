import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A command ended with an error; the message carries the end of what it wrote to stderr. */
class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Called with each line of stderr while the command runs. */
  readonly onLine?: (line: string) => void;
}

const KEPT_LINES = 15;

/** Runs a command without a shell and gives its stdout; rejects with `CommandFailed` on a non-zero exit. */
export async function command(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [file, ...args] = argv;
  if (file === undefined) throw new CommandFailed("empty command");
  const child = spawn(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  const lastLines: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  createInterface({ input: child.stderr }).on("line", (line) => {
    options.onLine?.(line);
    lastLines.push(line);
    if (lastLines.length > KEPT_LINES) lastLines.shift();
  });
  // A command that ends without reading its input is judged by its exit code, not by EPIPE.
  child.stdin.on("error", () => undefined).end(options.input ?? "");
  const failure = await new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : `exit ${signal ?? code}`));
  });
  if (failure === undefined) return stdout;
  throw new CommandFailed([`${argv.join(" ")}: ${failure}`, ...lastLines].join("\n  "));
}

/** True if the command ended well; its output is dropped. */
export async function succeeds(argv: readonly string[]): Promise<boolean> {
  return command(argv).then(
    () => true,
    () => false,
  );
}

/** Gives up at once, whatever the deadline: waiting longer will not help. */
export class Hopeless extends Error {
  override readonly name = "Hopeless";
}

/** Asks `probe` until it gives a value other than undefined; errors count as "not yet", except `Hopeless`. */
export async function until<T>(
  what: string,
  deadlineMs: number,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const why = last instanceof Error ? `: ${last.message}` : "";
  throw new Error(`${what}: not within ${deadlineMs / 1000} s${why}`);
}
