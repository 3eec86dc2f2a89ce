import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Runs `work` while holding an exclusive lock on `file`. The kernel keeps it (flock), through a child that
 * ends when this process does: a killed `up` leaves no stale lock.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn("flock", ["--exclusive", file, "sh", "-c", "echo locked; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once("data", () => resolve());
    holder.once("error", reject);
    holder.once("exit", (code) => reject(new Error(`flock ${file}: exit ${code}`)));
  });
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await new Promise<void>((resolve) => {
      if (holder.exitCode === null) holder.once("exit", () => resolve());
      else resolve();
    });
  }
}
