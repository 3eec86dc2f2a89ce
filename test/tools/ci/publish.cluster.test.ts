import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { join } from "node:path";
import { readLayout } from "../../../tools/ci/layout.ts";
import { published, push, tag } from "../../../tools/ci/publish.ts";
import { command } from "../../../tools/cluster/command.ts";
import { writeLayout } from "../../support/layout.ts";
import { startRegistry } from "../../support/registry.ts";

describe("publish.ts with a real registry", () => {
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let layout: string;
  let built: ReturnType<typeof writeLayout>;
  const target = () => ({ repository: `${registry.address}/acme/webapp`, insecure: true });

  /** The status and digest of a manifest in the registry, by tag or digest. */
  const manifest = async (name: string) => {
    const accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
    const answer = await fetch(`http://${registry.address}/v2/acme/webapp/manifests/${name}`, {
      headers: { accept },
    });
    return { status: answer.status, digest: answer.headers.get("docker-content-digest") };
  };
  const tags = async (): Promise<unknown> => {
    const answer = await fetch(`http://${registry.address}/v2/acme/webapp/tags/list`);
    return ((await answer.json()) as { tags: unknown }).tags;
  };

  beforeAll(async () => {
    registry = await startRegistry();
    layout = join(registry.folder, "layout");
    built = writeLayout(layout);
  });
  afterAll(() => registry.stop());

  test("push: the registry has every platform under the scanned digests, and no tag", async () => {
    const image = await readLayout("webapp", layout);
    expect(await push(target(), image, layout)).toBe(`${target().repository}@${built.digest}`);
    for (const digest of [built.digest, ...built.platforms])
      expect(await manifest(digest)).toEqual({ status: 200, digest });
    expect(await tags()).toBeUndefined();
  });

  test("tag: every tag names the pushed digest", async () => {
    const commit = "0123456789abcdef0123456789abcdef01234567";
    for (const name of [commit, "1.4.0"]) {
      await tag(target(), built.digest, name);
      expect(await manifest(name)).toEqual({ status: 200, digest: built.digest });
    }
    expect(await tags()).toEqual([commit, "1.4.0"]);
  });

  test("a tag of another image: not moved; the same image: nothing to do", async () => {
    const folder = join(registry.folder, "other");
    writeLayout(folder, "another");
    const other = await readLayout("other", folder);
    await push(target(), other, folder);
    await expect(tag(target(), other.digest, "1.4.0")).rejects.toThrow(
      `webapp:1.4.0 is ${built.digest} and is not moved to ${other.digest}`,
    );
    await tag(target(), built.digest, "1.4.0");
    expect(await published(target(), "1.4.0")).toBe(built.digest);
  });

  test("a tag, or a repository, that doesn't exist: not published", async () => {
    expect(await published(target(), "9.9.9")).toBeUndefined();
    expect(
      await published({ ...target(), repository: `${registry.address}/acme/new` }, "1.0.0"),
    ).toBeUndefined();
  });

  test("a copy made by skopeo: the same layout", async () => {
    const copy = join(registry.folder, "copy");
    const source = `docker://${target().repository}:1.4.0`;
    await command(["skopeo", "copy", "--all", "--src-tls-verify=false", source, `oci:${copy}`]);
    expect(await readLayout("webapp", copy)).toEqual(await readLayout("webapp", layout));
  });

  test.each(["latest", "main", "v1"])("tag %s, which identifies no image: refused", async (name) => {
    await expect(tag(target(), built.digest, name)).rejects.toThrow(`"${name}" is not an allowed tag`);
  });

  test("tag for a digest that is missing in the registry: refused", async () => {
    await expect(tag(target(), `sha256:${"0".repeat(64)}`, "1.5.0")).rejects.toThrow(
      /manifest unknown|not found/,
    );
    expect((await manifest("1.5.0")).status).toBe(404);
  });
});
