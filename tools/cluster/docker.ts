import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "./command.ts";
import type { BuildRequest, BuiltImage } from "./provider.ts";

/** Where an image is pushed to, and under which name the cluster's nodes pull it. */
export interface Registry {
  readonly push: string;
  readonly pull: string;
}

/** Builds with Docker and pushes; the Dockerfiles' public base images are pulled by Docker. */
export async function dockerBuild(registry: Registry, request: BuildRequest): Promise<BuiltImage> {
  const pushed = `${registry.push}/${request.tag}`;
  const args = Object.entries(request.buildArgs ?? {}).flatMap(([key, value]) => [
    "--build-arg",
    `${key}=${value}`,
  ]);
  const folder = await mkdtemp(join(tmpdir(), "demoapp-image-"));
  try {
    const metadata = join(folder, "metadata.json");
    const output = ["--push", "--metadata-file", metadata, "-t", pushed];
    await command([
      "docker",
      "buildx",
      "build",
      ...args,
      ...output,
      "-f",
      request.dockerfile,
      request.context,
    ]);
    const told = JSON.parse(await readFile(metadata, "utf8")) as { readonly "containerimage.digest": string };
    return { ref: `${registry.pull}/${request.tag}`, digest: told["containerimage.digest"] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
