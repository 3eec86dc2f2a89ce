import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createHash } from "node:crypto";
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
      env: { IMAGE: "ghcr.io/ACME/demoapp-webapp", TAG: "1.4.0", DIGEST: built.digest, ...env },
    });

  /** The file of the built image's index. */
  const index = (): string => join(tree, "dist/webapp-image/blobs", ...built.digest.split(":"));
  /** Programs whose registry answers like this for the pushed digest, and for a tag. */
  const stub = (byDigest: string, byTag: string): StubPrograms =>
    new StubPrograms({
      skopeo: `[ "$1" = inspect ] || exit 0\ncase "$*" in *@sha256:*) ${byDigest};; *) ${byTag};; esac`,
      cosign: "exit 0",
    });
  const changing = (): string[] => programs.calls().filter((call) => !call.startsWith("skopeo inspect"));

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), "publish-"));
    built = writeLayout(join(tree, "dist/webapp-image"));
    programs = stub(`cat "${index()}"`, "echo manifest unknown >&2; exit 1");
  });
  afterEach(() => {
    programs.remove();
    rmSync(tree, { recursive: true });
  });

  test("push: pushes by digest, signs, and sets the outputs for attestation and deployment", async () => {
    const printed = await publish("tools/ci/publish.ts push webapp");
    const reference = `ghcr.io/acme/demoapp-webapp@${built.digest}`;
    const [copy, sign, ...others] = changing();
    expect(copy).toMatch(new RegExp(`^skopeo copy .* docker://${reference}$`));
    expect([sign, others]).toEqual([`cosign sign --yes --recursive ${reference}`, []]);
    const outputs = {
      repository: "ghcr.io/acme/demoapp-webapp",
      pushed: "true",
      amd64: built.platforms[0],
      arm64: built.platforms[1],
    };
    for (const [name, value] of Object.entries(outputs)) expect(printed).toContain(`  ${name}=${value}\n`);
    expect(printed).toContain(`  reference=ghcr.io/acme/demoapp-webapp:1.4.0@${built.digest}\n`);
  });

  test("the tag exists, as in a repeated run: nothing is pushed, and the published image is reported", async () => {
    programs.remove();
    programs = stub("exit 1", "echo published");
    const published = createHash("sha256").update("published\n").digest("hex");
    const printed = await publish("tools/ci/publish.ts push webapp");
    expect(changing()).toEqual([]);
    expect(printed).toContain("  pushed=false\n");
    expect(printed).toContain(`  reference=ghcr.io/acme/demoapp-webapp:1.4.0@sha256:${published}\n`);
  });

  // Messages of skopeo. GHCR answers 401 or 403 for a package that doesn't exist yet.
  test.each([
    "reading manifest 1.4.0 in ghcr.io/acme/demoapp-webapp: manifest unknown",
    "reading manifest 1.4.0 in ghcr.io/acme/demoapp-webapp: denied: requested access to the resource is denied",
    "reading manifest 1.4.0 in ghcr.io/acme/demoapp-webapp: unauthorized: authentication required",
    "Requesting bearer token: invalid status code from registry 403 (Forbidden)",
    "Requesting bearer token: received unexpected HTTP status: 403 Forbidden",
  ])("the registry answers '%s': the tag doesn't exist, and the image is pushed", async (message) => {
    programs.remove();
    programs = stub(`cat "${index()}"`, `echo '${message}' >&2; exit 1`);
    expect(await publish("tools/ci/publish.ts push webapp")).toContain("  pushed=true\n");
  });

  test("the registry is unreachable: nothing is pushed", async () => {
    programs.remove();
    programs = stub("exit 1", "echo connection refused >&2; exit 1");
    await expect(publish("tools/ci/publish.ts push webapp")).rejects.toThrow("connection refused");
    expect(changing()).toEqual([]);
  });

  test("tag: tags the pushed digest", async () => {
    programs.remove();
    const tagged = join(tree, "tagged");
    programs = new StubPrograms({
      skopeo: `[ "$1" = copy ] && exec touch "${tagged}"; [ -e "${tagged}" ] || { echo manifest unknown >&2; exit 1; }; cat "${index()}"`,
    });
    await publish("tools/ci/publish.ts tag webapp");
    expect(changing()).toEqual([
      expect.stringContaining(
        `docker://ghcr.io/acme/demoapp-webapp@${built.digest} docker://ghcr.io/acme/demoapp-webapp:1.4.0`,
      ),
    ]);
  });

  test("an image that was not scanned: not pushed", async () => {
    const pushed = publish("tools/ci/publish.ts push webapp", { DIGEST: built.platforms[0] ?? "" });
    await expect(pushed).rejects.toThrow("which was not scanned");
    expect(programs.calls()).toEqual([]);
  });

  test("the registry has another digest after the push: not signed", async () => {
    programs.remove();
    programs = stub("echo other", "echo manifest unknown >&2; exit 1");
    await expect(publish("tools/ci/publish.ts push webapp")).rejects.toThrow("the registry has");
    expect(programs.calls().filter((call) => call.startsWith("cosign"))).toEqual([]);
  });
});
