import { join } from "node:path";
import type { BuiltImage, Cluster } from "../cluster/provider.ts";
import { imageOf } from "../images.ts";

/** The versions of the web app that the demo releases. */
export const versions = { first: "1.0.0", second: "1.1.0", broken: "1.2.0" } as const;

/** Builds the web app in these versions: two that work, and one that crashes soon after it became ready. */
export async function buildWebApps(cluster: Cluster): Promise<Record<keyof typeof versions, BuiltImage>> {
  const first = await cluster.build(imageOf("webapp", versions.first));
  const second = await cluster.build(imageOf("webapp", versions.second));
  const broken = await cluster.build({
    dockerfile: join(import.meta.dirname, "Dockerfile.broken"),
    context: import.meta.dirname,
    tag: `webapp:${versions.broken}`,
    buildArgs: { GOOD_IMAGE: second.ref, VERSION: versions.broken },
  });
  return { first, second, broken };
}
