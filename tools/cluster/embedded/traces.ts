import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { clusterPaths } from "./paths.ts";

/** Whatever on this machine still carries the cluster's name. */
export function tracesOf(name: string): string[] {
  const paths = clusterPaths(name);
  const below = (folder: string): string[] =>
    existsSync(folder) ? readdirSync(folder).map((entry) => join(folder, entry)) : [];
  const processes = below("/proc").filter((entry) => /^\/proc\/\d+$/.test(entry));
  const commandLine = (entry: string): string => {
    try {
      return readFileSync(join(entry, "cmdline"), "utf8").replaceAll("\0", " ");
    } catch {
      return "";
    }
  };
  const carriesName = (text: string): boolean =>
    [paths.state, paths.run, paths.netnsName].some((own) => text.includes(`${own}/`) || text.endsWith(own));
  return [
    ...readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => carriesName(line.split(" ")[4] ?? "")),
    ...processes.map(commandLine).filter(carriesName),
    ...below("/sys/fs/cgroup").flatMap(below).filter(carriesName),
    ...[paths.state, paths.run, paths.netns].filter((path) => existsSync(path)),
    ...below("/var/lib/cni/results").filter((file) => file.includes(`${paths.netnsName}-`)),
  ];
}
