import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

export interface ImageSettings {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Node's arguments and environment of the operator's image, on which memory depends. */
export function imageSettings(): ImageSettings {
  const dockerfile = readFileSync(join(root, "Dockerfile.operator"), "utf8");
  const command = /^CMD (\[.*\])$/m.exec(dockerfile)?.[1];
  const settings = /^ENV (.*)$/m.exec(dockerfile)?.[1];
  if (command === undefined || settings === undefined)
    throw new Error("Dockerfile.operator has no CMD in JSON form, or no ENV");
  return {
    args: (JSON.parse(command) as string[]).filter((argument) => argument.startsWith("--")),
    env: Object.fromEntries(settings.split(" ").map((setting) => setting.split("=") as [string, string])),
  };
}

/** The peak of a process's resident memory, in MiB. */
export function peakRssMiB(pid: number): number {
  const kiB = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kiB) / 1024;
}
