import { spawn } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { retryStartupRace } from "../cluster/argocd/cli.ts";
import { command } from "../cluster/command.ts";
import type { Screen } from "./screen.ts";

/** A command that goes on running, such as `kubectl proxy`. */
export interface Running {
  /** The line that showed that it is ready. */
  readonly readyLine: string;
  stop(): Promise<void>;
}

interface ShellOptions {
  readonly screen: Screen;
  /** Where the commands run. */
  readonly cwd: string;
  /** Added to this process's environment: the cluster's kubeconfig and kubectl, above all. */
  readonly env: Readonly<Record<string, string>>;
}

interface StartOptions {
  /** The line that shows that it is ready. */
  readonly ready: RegExp;
  readonly onLine?: (line: string) => void;
}

const START_MS = 10_000;

/** Runs what it prints, to the letter, with /bin/sh. */
export class Shell {
  readonly #options: ShellOptions;
  readonly #stops = new Set<() => Promise<void>>();

  constructor(options: ShellOptions) {
    this.#options = options;
  }

  /** Runs a command without showing it; gives what it wrote to stdout. */
  quietly(text: string, input = ""): Promise<string> {
    const { cwd, env } = this.#options;
    return command(["/bin/sh", "-c", text], { cwd, env, input });
  }

  /** Shows a command, runs it and shows what it wrote; rejects if it fails. */
  async show(text: string): Promise<string> {
    const { screen } = this.#options;
    screen.command(text);
    const output = await retryStartupRace(() => this.quietly(text));
    if (output.trim() !== "") screen.output(output);
    return output;
  }

  /** Starts a command that goes on, and waits for the line that says it is ready. */
  async start(text: string, { ready, onLine }: StartOptions): Promise<Running> {
    const { cwd, env } = this.#options;
    const child = spawn("/bin/sh", ["-c", `exec ${text}`], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said: string[] = [];
    const ended = new Promise<void>((resolve) => {
      child.on("error", (error) => said.push(error.message)).on("close", () => resolve());
    });
    const isReady = new Promise<string>((resolve) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        onLine?.(line);
        if (ready.test(line)) resolve(line);
      });
      createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
    });
    const stop = (): Promise<void> => {
      this.#stops.delete(stop);
      child.kill();
      return ended;
    };
    this.#stops.add(stop);
    const patience = new AbortController();
    const givenUp = delay(START_MS, undefined, { signal: patience.signal }).catch(() => undefined);
    const readyLine = await Promise.race([isReady, ended, givenUp]);
    patience.abort();
    if (readyLine !== undefined) return { readyLine, stop };
    await stop();
    throw new Error([`${text} did not start:`, ...said].join("\n    "));
  }

  /** Ends everything that was started and still runs. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#stops].map((stop) => stop()));
  }
}

/** `preferred` if nobody listens there on 127.0.0.1, else a port that is free now. */
export async function freePort(preferred: number): Promise<number> {
  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const server = createServer().once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        const { port: taken } = server.address() as AddressInfo;
        server.close(() => resolve(taken));
      });
    });
  return listen(preferred).catch(() => listen(0));
}
