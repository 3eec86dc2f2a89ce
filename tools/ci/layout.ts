// `node tools/ci/layout.ts <name>`: reads the image in dist/<name>-image (an OCI image layout), sets the output `digest`
// and adds the image to the job's summary. Verifies the digest of every blob: the files pass through an artifact store.
import { createHash } from "node:crypto";
import { createReadStream, readdirSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { output, readJson, summarize } from "./outputs.ts";
import { script } from "../script.ts";

/** Steps of a workflow run at the top of the tree. */
const root = process.cwd();

/** The folder of an image, in the jobs that build, scan and push the image. */
export const layoutOf = (name: string): string => join(root, "dist", `${name}-image`);

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

/** The image for one platform, as the index lists it. */
export interface PlatformImage {
  readonly platform: string;
  readonly digest: string;
  /** Compressed size: config and layers, as a node pulls them. */
  readonly bytes: number;
}

/** A built image. */
export interface Image {
  readonly name: string;
  /** The digest of the index, which is signed, attested and deployed. */
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

/** Rejects unless the content of each blob has the digest that is its name. */
async function verifyBlobs(layout: string): Promise<void> {
  const folder = join(layout, "blobs/sha256");
  for (const name of readdirSync(folder)) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(join(folder, name)), hash);
    if (hash.digest("hex") !== name) throw new Error(`the content of blob sha256:${name} has another digest`);
  }
}

function platformImage(layout: string, { digest, platform }: Descriptor): PlatformImage {
  if (platform === undefined) throw new Error(`manifest ${digest} names no platform`);
  const { config, layers } = readJson(blob(layout, digest)) as Manifest;
  const bytes = [config, ...layers].reduce((sum, { size }) => sum + size, 0);
  return { platform: `${platform.os}/${platform.architecture}`, digest, bytes };
}

/** The layers of the image with this digest: gzipped tar files, the lowest first. */
export const layersOf = (layout: string, digest: string): readonly string[] =>
  (readJson(blob(layout, digest)) as Manifest).layers.map((layer) => blob(layout, layer.digest));

/** Reads an image layout. Rejects unless the layout is intact and has one image for several platforms. */
export async function readLayout(name: string, layout: string): Promise<Image> {
  await verifyBlobs(layout);
  const { manifests } = readJson(join(layout, "index.json")) as Index;
  const [built, ...others] = manifests;
  if (built === undefined || others.length > 0 || !/index|manifest\.list/.test(built.mediaType))
    throw new Error(`${layout} has ${manifests.length} images, not one for several platforms`);
  const index = readJson(blob(layout, built.digest)) as Index;
  const platforms = index.manifests.map((one) => platformImage(layout, one));
  return { name, digest: built.digest, platforms };
}

/**
 * Makes a layout that lists the image of each platform directly, with the same blobs. Returns its folder. A scanner can
 * then select each image by its digest: from an index, scanners take only the first image.
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
    output("digest", image.digest);
    const sizes = image.platforms.map(
      ({ platform, bytes }) => `- ${platform} ${(bytes / 1e6).toFixed(1)} MB compressed`,
    );
    summarize([`### Image ${name}`, "", `- \`${image.digest}\``, ...sizes].join("\n"));
  });
