import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { imageOf } from "../../tools/images.ts";
import { ensureDebianPackages } from "../../tools/cluster/embedded/debian.ts";
import { buildLocally, buildah } from "../../tools/cluster/embedded/images.ts";
import { command, until } from "../../tools/cluster/command.ts";
import { silent } from "../../tools/cluster/progress.ts";
import { expectOneSmallLayer, inspect, runContainer } from "../support/container.ts";

const ref = "localhost/webapp-alone:1.4.0";
const again = "localhost/webapp-alone:again";

describe("the web app's image", () => {
  beforeAll(async () => {
    await ensureDebianPackages("node", silent);
    await buildLocally(ref, imageOf("webapp", "1.4.0"));
  });
  afterAll(() => command(buildah(["rmi", "--force", ref, again])));

  test("its configuration: non-root user, port and version label", async () => {
    const { config } = await inspect(ref);
    expect(config).toMatchObject({ User: "65532:65532", ExposedPorts: { "8080/tcp": {} } });
    expect(config.Labels).toMatchObject({ "org.opencontainers.image.version": "1.4.0" });
  });

  test("built as two versions: both add the same small layer to the base", () =>
    expectOneSmallLayer("webapp", { ref, again }));

  test("run as an arbitrary user with a read-only root: serves requests and exits with 0 on SIGTERM", async () => {
    const container = await runContainer(ref, 12_345);
    try {
      const health = await until("the app responds", 10_000, () => container.get(8080, "/health"));
      expect(health).toBe('200 {"status":"healthy"}');
      expect(await container.get(8080, "/")).toBe(
        '200 {"message":"Hello from SRE Demo App!","version":"1.4.0"}',
      );
      expect(await container.stop()).toBe(0);
    } finally {
      await container.remove();
    }
  });
});
