import { retryTransient } from "../cluster/argocd/cli.ts";
import { command } from "../cluster/command.ts";
import { type RunningProcess, startProcess } from "../process.ts";
import type { Screen } from "./screen.ts";

interface ShellOptions {
  readonly screen: Screen;
  /** Folder in which the commands run. */
  readonly cwd: string;
  /** Added to this process's environment: above all the kubeconfig and the kubectl of the cluster. */
  readonly env: Readonly<Record<string, string>>;
}

const readyWithinMs = 10_000;

/** Runs commands with /bin/sh, exactly as the demo prints them. */
export class Shell {
  readonly #options: ShellOptions;
  readonly #stopping = new AbortController();
  readonly #started: Promise<RunningProcess>[] = [];

  constructor(options: ShellOptions) {
    this.#options = options;
  }

  /** Runs a command without printing; returns its standard output. */
  quietly(text: string, input = ""): Promise<string> {
    const { cwd, env } = this.#options;
    return command(["/bin/sh", "-c", text], { cwd, env, input });
  }

  /** Prints a command, runs it and prints its output; rejects if the command fails. */
  async show(text: string): Promise<string> {
    const { screen } = this.#options;
    screen.command(text);
    const output = await retryTransient(() => this.quietly(text));
    if (output.trim() !== "") screen.output(output);
    return output;
  }

  /** Starts a command that keeps running; waits for the line of output that matches `ready`. */
  start(text: string, ready: RegExp, onLine?: (line: string) => void): Promise<RunningProcess> {
    const { cwd, env } = this.#options;
    const starting = startProcess(["/bin/sh", "-c", `exec ${text}`], {
      cwd,
      env: { ...process.env, ...env },
      ready,
      readyWithinMs,
      onLine,
      signal: this.#stopping.signal,
    });
    this.#started.push(starting);
    return starting;
  }

  /** Ends every command that `start` started, also one that is not ready yet. */
  async stopAll(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#started.map(async (starting) => (await starting).stop()));
  }
}
