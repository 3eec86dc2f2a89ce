import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { imageOf } from "../../tools/images.ts";
import { command } from "../../tools/cluster/command.ts";
import { ensureDebianPackages } from "../../tools/cluster/embedded/debian.ts";
import { buildLocally, buildah } from "../../tools/cluster/embedded/images.ts";
import { silent } from "../../tools/cluster/progress.ts";
import { expectOneSmallLayer, inspect } from "../support/container.ts";

const ref = "localhost/operator-alone:0.1.0";
const again = "localhost/operator-alone:again";

describe("the operator's image", () => {
  beforeAll(async () => {
    await ensureDebianPackages("node", silent);
    await buildLocally(ref, imageOf("operator", "0.1.0"));
  });
  afterAll(() => command(buildah(["rmi", "--force", ref, again])));

  test("its configuration: non-root user, command and version label", async () => {
    const { config } = await inspect(ref);
    expect(config).toMatchObject({ User: "65532:65532", Cmd: expect.arrayContaining(["/app/main.js"]) });
    expect(config.Labels).toMatchObject({ "org.opencontainers.image.version": "0.1.0" });
  });

  test("built as two versions: both add the same small layer to the base", () =>
    expectOneSmallLayer("operator", { ref, again }));
});
