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

describe("the layout of a built image", () => {
  let folder: string;
  let built: ReturnType<typeof writeLayout>;
  const blob = (digest = ""): string => join(folder, "blobs", ...digest.split(":"));

  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "layout-")), "image");
    built = writeLayout(folder);
  });
  afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

  test("an intact layout: the digest of the index, and each platform with its digest and size", async () => {
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

  test("layout.ts: sets the output digest, and adds the digest and the sizes to the summary", async () => {
    const top = join(folder, "..");
    renameSync(folder, join(mkdirSync(join(top, "dist"), { recursive: true }) ?? "", "webapp-image"));
    const page = join(top, "summary.md");
    const printed = await runScript("tools/ci/layout.ts webapp", {
      cwd: top,
      env: { GITHUB_STEP_SUMMARY: page },
    });
    expect(printed).toContain(`  digest=${built.digest}\n`);
    const summary = readFileSync(page, "utf8");
    expect(summary).toContain(`### Image webapp\n\n- \`${built.digest}\`\n`);
    for (const platform of ["linux/amd64", "linux/arm64"])
      expect(summary).toContain(`- ${platform} 0.0 MB compressed\n`);
  });

  test("a blob with a changed byte: refused", async () => {
    appendFileSync(blob(built.platforms[1]), " ");
    await expect(readLayout("webapp", folder)).rejects.toThrow(
      `the content of blob ${built.platforms[1]} has another digest`,
    );
  });

  test("an index without an image: refused", async () => {
    writeFileSync(join(folder, "index.json"), JSON.stringify({ manifests: [] }));
    await expect(readLayout("webapp", folder)).rejects.toThrow("has 0 images");
  });

  test("sideBySide: the image of each platform under its digest, with the same blobs", async () => {
    const view = await sideBySide(await readLayout("webapp", folder), folder);
    const index = JSON.parse(readFileSync(join(view, "index.json"), "utf8")) as {
      manifests: { digest: string }[];
    };
    expect(index.manifests.map(({ digest }) => digest)).toEqual(built.platforms);
    for (const digest of built.platforms)
      expect(existsSync(join(view, "blobs", ...digest.split(":")))).toBe(true);
  });
});
