import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const imageIndex = "application/vnd.oci.image.index.v1+json";
const imageManifest = "application/vnd.oci.image.manifest.v1+json";

/** Writes a small two-platform image in the OCI layout of buildx. Returns its digest and those of the platforms. */
export function writeLayout(folder: string, author = "test") {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  const put = (content: unknown, mediaType: string) => {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    const hex = createHash("sha256").update(text).digest("hex");
    writeFileSync(join(folder, "blobs/sha256", hex), text);
    return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
  };
  const manifests = ["amd64", "arm64"].map((architecture) => {
    const platform = { os: "linux", architecture };
    const config = put(
      { ...platform, author, rootfs: { type: "layers", diff_ids: [] }, config: {} },
      "application/vnd.oci.image.config.v1+json",
    );
    const manifest = { schemaVersion: 2, mediaType: imageManifest, config, layers: [] };
    return { ...put(manifest, imageManifest), platform };
  });
  const index = put({ schemaVersion: 2, mediaType: imageIndex, manifests }, imageIndex);
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [index] }));
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return { digest: index.digest, platforms: manifests.map(({ digest }) => digest) };
}
