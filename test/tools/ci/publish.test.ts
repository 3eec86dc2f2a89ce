import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeLayout } from "../../support/layout.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

// publish.cluster.test.ts tests the same with skopeo and a registry, but without the signature.
describe("publish.ts", () => {
  let tree: string;
  let built: ReturnType<typeof writeLayout>;
  let programs: StubPrograms;
  const publish = (line: string, env: Record<string, string> = {}): Promise<string> =>
    runScript(line, {
      cwd: tree,
      env: { IMAGE: "ghcr.io/ACME/webapp", VERSION: "1.4.0", DIGEST: built.digest, ...env },
    });

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), "publish-"));
    built = writeLayout(join(tree, "dist/webapp-image"));
    const blob = join(tree, "dist/webapp-image/blobs", ...built.digest.split(":"));
    programs = new StubPrograms({ skopeo: `[ "$1" != inspect ] || cat "${blob}"`, cosign: "exit 0" });
  });
  afterEach(() => {
    programs.remove();
    rmSync(tree, { recursive: true });
  });

  test("push: pushes by digest, signs, and sets the outputs for attestation and deployment", async () => {
    const printed = await publish("tools/ci/publish.ts push webapp");
    const reference = `ghcr.io/acme/webapp@${built.digest}`;
    const [copy, , sign, ...others] = programs.calls();
    expect(copy).toMatch(new RegExp(`^skopeo copy .* docker://${reference}$`));
    expect([sign, others]).toEqual([`cosign sign --yes --recursive ${reference}`, []]);
    const outputs = {
      repository: "ghcr.io/acme/webapp",
      amd64: built.platforms[0],
      arm64: built.platforms[1],
    };
    for (const [name, value] of Object.entries(outputs)) expect(printed).toContain(`  ${name}=${value}\n`);
    expect(printed).toContain(`  reference=ghcr.io/acme/webapp:1.4.0@${built.digest}\n`);
  });

  test("tag: tags the pushed digest", async () => {
    await publish("tools/ci/publish.ts tag webapp");
    expect(programs.calls()[0]).toContain(
      `docker://ghcr.io/acme/webapp@${built.digest} docker://ghcr.io/acme/webapp:1.4.0`,
    );
  });

  test("an image that was not scanned: not pushed", async () => {
    const pushed = publish("tools/ci/publish.ts push webapp", { DIGEST: built.platforms[0] ?? "" });
    await expect(pushed).rejects.toThrow("which was not scanned");
    expect(programs.calls()).toEqual([]);
  });

  test("the registry has another digest after the push: not signed", async () => {
    programs.remove();
    programs = new StubPrograms({ skopeo: "[ $1 != inspect ] || echo other", cosign: "exit 0" });
    await expect(publish("tools/ci/publish.ts push webapp")).rejects.toThrow("the registry has");
    expect(programs.calls().filter((call) => call.startsWith("cosign"))).toEqual([]);
  });
});
