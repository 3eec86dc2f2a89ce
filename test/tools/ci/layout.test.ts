import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLayout, sideBySide } from "../../../tools/ci/layout.ts";
import { writeLayout } from "../../support/layout.ts";
import { runScript } from "../../support/script.ts";

describe("a built image", () => {
  let folder: string;
  let built: ReturnType<typeof writeLayout>;
  const blob = (digest = ""): string => join(folder, "blobs", ...digest.split(":"));

  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "layout-")), "image");
    built = writeLayout(folder);
  });
  afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

  test("is known by its index's digest, with each platform's own and its size", async () => {
    const image = await readLayout("webapp", folder);
    expect(image).toMatchObject({ name: "webapp", digest: built.digest });
    expect(image.platforms.map(({ platform, digest }) => [platform, digest])).toEqual([
      ["linux/amd64", built.platforms[0]],
      ["linux/arm64", built.platforms[1]],
    ]);
    const manifest = JSON.parse(readFileSync(blob(built.platforms[0]), "utf8")) as {
      config: { size: number };
    };
    expect(image.platforms[0]?.bytes).toBe(manifest.config.size);
  });

  test("is told to the jobs that come after by its digest, and to the summary in full", async () => {
    const top = join(folder, "..");
    renameSync(folder, join(mkdirSync(join(top, "dist"), { recursive: true }) ?? "", "webapp-image"));
    const told = await runScript("tools/ci/layout.ts webapp", { cwd: top });
    expect(told).toContain(`  digest=${built.digest}\n`);
    expect(JSON.parse(readFileSync(join(top, "artifacts/image-webapp.json"), "utf8"))).toMatchObject({
      name: "webapp",
      digest: built.digest,
    });
  });

  test("of which a byte has changed on the way is refused", async () => {
    appendFileSync(blob(built.platforms[1]), " ");
    await expect(readLayout("webapp", folder)).rejects.toThrow(`blob ${built.platforms[1]} has other bytes`);
  });

  test("that isn't alone in its folder is refused", async () => {
    writeFileSync(join(folder, "index.json"), JSON.stringify({ manifests: [] }));
    await expect(readLayout("webapp", folder)).rejects.toThrow("holds 0 images");
  });

  test("stands open to a scanner platform by platform, each under its digest, with the same bytes", async () => {
    const view = await sideBySide(await readLayout("webapp", folder), folder);
    const index = JSON.parse(readFileSync(join(view, "index.json"), "utf8")) as {
      manifests: { digest: string }[];
    };
    expect(index.manifests.map(({ digest }) => digest)).toEqual(built.platforms);
    for (const digest of built.platforms)
      expect(existsSync(join(view, "blobs", ...digest.split(":")))).toBe(true);
  });
});
