import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { until } from "../../tools/cluster/command.ts";
import { registryConfig } from "../../tools/cluster/embedded/config.ts";
import { ensureDebianPackages } from "../../tools/cluster/embedded/debian.ts";
import { silent } from "../../tools/cluster/progress.ts";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Starts an empty image registry on this machine; `stop` removes it. */
export async function startRegistry() {
  await ensureDebianPackages("registry", silent);
  const folder = await mkdtemp(join(tmpdir(), "registry-"));
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(folder, "config.yml");
  await writeFile(config, stringify(registryConfig(join(folder, "data"), address)));
  const child = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  const ended = once(child, "close");
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
