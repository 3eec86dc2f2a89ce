import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { clusterPaths } from "./paths.ts";

/** Mounts, processes, cgroups and files of this machine that still contain the cluster's name, for tests of `down`. */
export function tracesOf(name: string): string[] {
  const { state, run, netns, netnsName } = clusterPaths(name);
  const containsName = (text: string): boolean =>
    [state, run, netnsName].some((own) => text.includes(`${own}/`) || text.endsWith(own));
  const below = (folder: string): string[] =>
    existsSync(folder) ? readdirSync(folder).map((entry) => join(folder, entry)) : [];
  const commandLine = (folder: string): string => {
    try {
      return readFileSync(join(folder, "cmdline"), "utf8").replaceAll("\0", " ");
    } catch {
      return "";
    }
  };
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const processes = below("/proc").filter((folder) => /^\/proc\/\d+$/.test(folder));
  return [
    ...mounts.filter((line) => containsName(line.split(" ")[4] ?? "")),
    ...processes.map(commandLine).filter(containsName),
    ...below("/sys/fs/cgroup").flatMap(below).filter(containsName),
    ...[state, run, netns].filter((path) => existsSync(path)),
    ...below("/var/lib/cni/results").filter((file) => file.includes(`${netnsName}-`)),
  ];
}
