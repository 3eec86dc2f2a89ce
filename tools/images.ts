import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { BuildRequest } from "./cluster/provider.ts";

const root = join(import.meta.dirname, "..");

/**
 * What to build for `program` at `version`, for `Cluster.build`. Bundles it on this machine first: the image
 * build then needs no npm registry and takes a second. Throws if the bundle can't be made.
 */
export function imageOf(program: "operator" | "webapp", version: string): BuildRequest {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "tools/build.mjs"), program], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the bundle of ${program} can't be made:\n${stderr}`);
  return {
    dockerfile: join(root, `Dockerfile.${program}`),
    context: root,
    tag: `${program}:${version}`,
    buildArgs: { BUNDLE: "prebuilt", VERSION: version },
  };
}
