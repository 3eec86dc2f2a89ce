import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const imageIndex = "application/vnd.oci.image.index.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";
const imageManifest = "application/vnd.oci.image.manifest.v1+json";

/** A layer with files in /app. */
function layerOf(files: Readonly<Record<string, string>>): Buffer {
  const top = mkdtempSync(join(tmpdir(), "layer-"));
  try {
    mkdirSync(join(top, "app"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(top, "app", name), text);
    return execFileSync("tar", ["-czf", "-", "-C", top, "app"]);
  } finally {
    rmSync(top, { recursive: true });
  }
}

/**
 * Writes a small two-platform image in the OCI layout of buildx, with files in /app. Returns its digest and those of the
 * platforms.
 */
export function writeLayout(folder: string, author = "test", files: Readonly<Record<string, string>> = {}) {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  const put = (content: unknown, mediaType: string) => {
    const bytes = Buffer.isBuffer(content) ? content : JSON.stringify(content);
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(folder, "blobs/sha256", hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const layers = Object.keys(files).length === 0 ? [] : [put(layerOf(files), layerType)];
  const manifests = ["amd64", "arm64"].map((architecture) => {
    const platform = { os: "linux", architecture };
    const config = put(
      { ...platform, author, rootfs: { type: "layers", diff_ids: [] }, config: {} },
      "application/vnd.oci.image.config.v1+json",
    );
    const manifest = { schemaVersion: 2, mediaType: imageManifest, config, layers };
    return { ...put(manifest, imageManifest), platform };
  });
  const index = put({ schemaVersion: 2, mediaType: imageIndex, manifests }, imageIndex);
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [index] }));
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return { digest: index.digest, platforms: manifests.map(({ digest }) => digest) };
}
