import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { until } from "../../tools/cluster/command.ts";
import { ensureDebianPackages } from "../../tools/cluster/embedded/debian.ts";
import { silent } from "../../tools/cluster/progress.ts";

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** A registry of its own on this machine, empty, until `stop`. */
export async function startRegistry() {
  await ensureDebianPackages("registry", silent);
  const folder = await mkdtemp(join(tmpdir(), "registry-"));
  const port = await freePort();
  const config = {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: { addr: `127.0.0.1:${port}` },
  };
  await writeFile(join(folder, "config.yml"), stringify(config));
  const child = spawn("docker-registry", ["serve", join(folder, "config.yml")], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const address = `127.0.0.1:${port}`;
  await until("the registry answers", 20_000, async () =>
    (await fetch(`http://${address}/v2/`)).ok ? true : undefined,
  );
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { address, folder, stop };
}
