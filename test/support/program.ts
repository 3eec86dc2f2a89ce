import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A line of its log. */
type Entry = Readonly<Record<string, unknown>> & { readonly msg: string };

/** One of our programs as a process of its own. */
export interface Program {
  readonly port: number;
  readonly log: readonly Entry[];
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Its exit code; -1 if a signal ended it. */
  readonly exit: Promise<number>;
}

/** What each program says with its port once it listens. */
const listening: ReadonlySet<string> = new Set(["listening", "started"]);

/** Starts `file` with Node and nothing but `env`; waits until it listens or has ended. */
export async function start(file: string, env: Record<string, string> = {}): Promise<Program> {
  const child = spawn(process.execPath, [file], {
    env: { PORT: "0", HOST: "127.0.0.1", POD_NAME: "pod-a", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const log: Entry[] = [];
  const exit = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? -1));
  });
  const port = new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const entry = JSON.parse(line) as Entry;
      log.push(entry);
      if (listening.has(entry.msg)) resolve(Number(entry.port));
    });
  });
  return {
    port: await Promise.race([port, exit.then(() => 0)]),
    log,
    exit,
    kill: (signal) => child.kill(signal),
  };
}
