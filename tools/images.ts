import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { BuildRequest } from "./cluster/provider.ts";

const root = join(import.meta.dirname, "..");

/**
 * Bundles `program` on this machine, and returns the request for `Cluster.build` to build its image at `version`. With the
 * bundle, an image build takes a second and needs no npm registry.
 */
export function imageOf(program: "operator" | "webapp", version: string): BuildRequest {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "tools/build.mjs"), program], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`can't bundle ${program}:\n${stderr}`);
  return {
    dockerfile: join(root, `Dockerfile.${program}`),
    context: root,
    tag: `${program}:${version}`,
    buildArgs: { BUNDLE: "prebuilt", VERSION: version },
  };
}
