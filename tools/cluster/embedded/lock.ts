import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Runs `work` while holding an exclusive lock on `file`. A child process holds the lock (flock) and ends with this
 * process, so a killed `up` leaves no stale lock.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn("flock", ["--exclusive", file, "sh", "-c", "echo locked; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(holder, "exit");
  const failed = exited.then(([code]) => Promise.reject(new Error(`flock ${file}: exit ${code}`)));
  await Promise.race([once(holder.stdout, "data"), failed]);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await exited;
  }
}
