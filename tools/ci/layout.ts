// `node tools/ci/layout.ts <name>`: reads the image that was built into dist/<name>-image (an OCI image layout) and
// says what it is; every blob is held against its digest, as the files came through an artifact store.
import { createHash } from "node:crypto";
import { createReadStream, readdirSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { output, readJson, script, writeJson } from "./outputs.ts";

/** Where a workflow's steps run: at the top of the tree. */
const root = process.cwd();

/** Where an image lies between the jobs that build, scan and push it. */
export const layoutOf = (name: string): string => join(root, "dist", `${name}-image`);

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

/** An image of one platform, out of a built index. */
export interface PlatformImage {
  readonly platform: string;
  readonly digest: string;
  /** Compressed, as it is pulled. */
  readonly bytes: number;
}

/** A built image. */
export interface Image {
  readonly name: string;
  /** Of the index: what is signed, attested, deployed. */
  readonly digest: string;
  readonly platforms: readonly PlatformImage[];
}

const blob = (layout: string, digest: string): string => join(layout, "blobs", ...digest.split(":"));

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
interface Index {
  readonly manifests: readonly Descriptor[];
}

/** Throws unless each blob is what its name says. */
async function verifyBlobs(layout: string): Promise<void> {
  const folder = join(layout, "blobs/sha256");
  for (const name of readdirSync(folder)) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(join(folder, name)), hash);
    if (hash.digest("hex") !== name) throw new Error(`blob sha256:${name} has other bytes than it should`);
  }
}

function platformImage(layout: string, { digest, platform }: Descriptor): PlatformImage {
  if (platform === undefined) throw new Error(`${digest} is for no platform`);
  const { config, layers } = readJson(blob(layout, digest)) as Manifest;
  const bytes = [config, ...layers].reduce((sum, { size }) => sum + size, 0);
  return { platform: `${platform.os}/${platform.architecture}`, digest, bytes };
}

/** What lies in an image layout. Rejects if it isn't whole, or isn't one image for several platforms. */
export async function readLayout(name: string, layout: string): Promise<Image> {
  await verifyBlobs(layout);
  const { manifests } = readJson(join(layout, "index.json")) as Index;
  const [built, ...others] = manifests;
  if (built === undefined || others.length > 0 || !/index|manifest\.list/.test(built.mediaType))
    throw new Error(`${layout} holds ${manifests.length} images, not one for several platforms`);
  const index = readJson(blob(layout, built.digest)) as Index;
  const platforms = index.manifests.map((one) => platformImage(layout, one));
  return { name, digest: built.digest, platforms };
}

/**
 * A view of the layout in which the platforms' images stand side by side, so that a scanner can be pointed at each by
 * its digest: scanners take the first image of an index only.
 */
export async function sideBySide(image: Image, layout: string): Promise<string> {
  const view = `${layout}-platforms`;
  await rm(view, { recursive: true, force: true });
  await mkdir(view, { recursive: true });
  const index = readJson(blob(layout, image.digest)) as Index;
  await writeFile(join(view, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: index.manifests }));
  await writeFile(join(view, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await symlink(join(layout, "blobs"), join(view, "blobs"));
  return view;
}

if (import.meta.main)
  await script(async () => {
    const name = process.argv[2] ?? "";
    const image = await readLayout(name, layoutOf(name));
    writeJson(join(root, "artifacts", `image-${name}.json`), image);
    output("digest", image.digest);
    for (const { platform, bytes } of image.platforms)
      console.log(`  ${platform} ${(bytes / 1e6).toFixed(1)} MB`);
  });
