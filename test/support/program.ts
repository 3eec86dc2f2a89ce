import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A line of the program's log. */
type Entry = Readonly<Record<string, unknown>> & { readonly msg: string };

/** The operator or the web app as a process. */
export interface Program {
  readonly pid: number;
  readonly port: number;
  readonly log: readonly Entry[];
  readonly kill: (signal: NodeJS.Signals) => void;
  /** The exit code; -1 if a signal ended the process. */
  readonly exit: Promise<number>;
}

/** Runs `file` with Node, its arguments `args` and only the variables of `env`. Resolves when the program listens or has exited. */
export async function start(
  file: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<Program> {
  const child = spawn(process.execPath, [...args, file], {
    env: { PORT: "0", HOST: "127.0.0.1", POD_NAME: "pod-a", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const log: Entry[] = [];
  const exit = once(child, "close").then(([code]) => (code as number | null) ?? -1);
  const listening = new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const entry = JSON.parse(line) as Entry;
      log.push(entry);
      // The web app logs "listening" with its port, the operator "started".
      if (["listening", "started"].includes(entry.msg)) resolve(Number(entry["port"]));
    });
  });
  const port = await Promise.race([listening, exit.then(() => 0)]);
  return { pid: child.pid ?? 0, port, log, exit, kill: (signal) => child.kill(signal) };
}
