import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { imageOf } from "../../tools/images.ts";
import { until } from "../../tools/cluster/command.ts";
import { ensureDebianPackages } from "../../tools/cluster/embedded/debian.ts";
import { buildLocally, buildah } from "../../tools/cluster/embedded/images.ts";
import { command } from "../../tools/cluster/command.ts";
import { silent } from "../../tools/cluster/progress.ts";
import { addsOneSmallLayer, inspect, runAlone } from "../support/container.ts";

const ref = "localhost/webapp-alone:1.4.0";
const again = "localhost/webapp-alone:again";

describe("the web app's image", () => {
  beforeAll(async () => {
    await ensureDebianPackages("node", silent);
    await buildLocally(ref, imageOf("webapp", "1.4.0"));
  });
  afterAll(() => command(buildah(["rmi", "--force", ref, again])));

  test("says how it is to be run", async () => {
    const { config } = await inspect(ref);
    expect(config).toMatchObject({ User: "65532:65532", ExposedPorts: { "8080/tcp": {} } });
    expect(config.Labels).toMatchObject({ "org.opencontainers.image.version": "1.4.0" });
  });

  test("adds one small layer to its base, of the same bytes each time", () =>
    addsOneSmallLayer("webapp", { ref, again }));

  test("runs alone as a user that it has never heard of, with a read-only root, and ends well", async () => {
    const container = await runAlone(ref, 12_345);
    try {
      const health = await until("it answers", 10_000, () => container.get(8080, "/health"));
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
