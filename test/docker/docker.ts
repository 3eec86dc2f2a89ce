/**
 * Docker for tests: the machine's, or else Debian's engine with a containerd, a network namespace and folders of its own.
 * That engine can't run privileged containers, such as the nodes of kind and k3d, where this machine's kernel forbids them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, succeeds, until } from "../../tools/cluster/command.ts";
import { BASE_IMAGE } from "../../tools/cluster/embedded/constants.ts";
import { ensureDebianPackages } from "../../tools/cluster/embedded/debian.ts";
import { buildah, ensureBaseImage } from "../../tools/cluster/embedded/images.ts";
import { silent } from "../../tools/cluster/progress.ts";

export interface Docker {
  /** Prefix of a command line that uses this Docker, and that reaches ports which it publishes. */
  readonly prefix: readonly string[];
  /** Runs `docker` with these arguments. Returns its stdout. */
  readonly run: (...args: readonly string[]) => Promise<string>;
  readonly stop: () => Promise<void>;
}

const name = `demoapp-docker-${process.pid}`;

/** Starts Docker unless the machine has it. */
export async function startDocker(): Promise<Docker> {
  const found = await succeeds(["docker", "info"]);
  const { prefix, stop } = found ? { prefix: [], stop: async () => {} } : await startEngine();
  return { prefix, stop, run: (...args) => command([...prefix, "docker", ...args]) };
}

/**
 * The arguments of a build for its base images. By default it uses the local base image, which is loaded into Docker, and
 * the bundle of this machine: the default base images are public, and a build here has no npm registry. images.yaml
 * selects the public ones.
 */
export async function baseArguments({ run }: Docker): Promise<readonly string[]> {
  if (process.env.DEMOAPP_BASE_IMAGES === "public") return [];
  await ensureBaseImage();
  const folder = mkdtempSync("/var/tmp/demoapp-base-");
  const archive = join(folder, "base.tar");
  try {
    await command(buildah(["push", "--quiet", BASE_IMAGE, `docker-archive:${archive}:${BASE_IMAGE}`]));
    await run("load", "--quiet", "--input", archive);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const args = { NODE_IMAGE: BASE_IMAGE, RUNTIME_IMAGE: BASE_IMAGE, BUNDLE: "prebuilt" };
  return Object.entries(args).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]);
}

async function startEngine(): Promise<Pick<Docker, "prefix" | "stop">> {
  await ensureDebianPackages("docker", silent);
  // Not in /tmp, which can be in memory. The paths of sockets must be short.
  const folder = mkdtempSync("/var/tmp/demoapp-docker-");
  const log = join(folder, "log");
  const output = openSync(log, "a");
  const inside = ["nsenter", `--net=/run/netns/${name}`];
  const processes: ChildProcess[] = [];
  const start = (...argv: readonly string[]): void => {
    // The process ends with this one, also if this one is killed.
    const [program = "", ...args] = [...inside, "setpriv", "--pdeathsig", "TERM", ...argv];
    processes.push(spawn(program, args, { stdio: ["ignore", output, output] }));
  };
  const stop = async (): Promise<void> => {
    // Docker before containerd: it stops its containers.
    for (const child of processes.toReversed()) {
      child.kill();
      if (child.exitCode === null) await once(child, "close");
    }
    closeSync(output);
    await command(["ip", "netns", "delete", name]);
    rmSync(folder, { recursive: true });
  };

  await command(["ip", "netns", "add", name]);
  await command(["ip", "-n", name, "link", "set", "lo", "up"]);
  const socket = join(folder, "containerd.sock");
  const config = join(folder, "containerd.toml");
  writeFileSync(config, containerdConfig(folder, socket));
  start("containerd", "--config", config);
  const host = `unix://${join(folder, "docker.sock")}`;
  const places = ["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")];
  mkdirSync(join(folder, "exec"));
  // vfs: other storage drivers need a kernel that can stack file systems here.
  const settings = [
    "--storage-driver",
    "vfs",
    "--containerd",
    socket,
    "--pidfile",
    join(folder, "docker.pid"),
  ];
  start("dockerd", "--host", host, ...places, ...settings);
  // Debian's client: another one could need a plug-in to build.
  const variables = { DOCKER_HOST: host, DOCKER_BUILDKIT: "1", DOCKER_CONFIG: folder, PATH: "/usr/bin:/bin" };
  const prefix = [...inside, "env", ...Object.entries(variables).map(([key, value]) => `${key}=${value}`)];
  const ready = async (): Promise<true | undefined> =>
    (await succeeds([...prefix, "docker", "info"])) ? true : undefined;
  await until("Docker answers", 60_000, ready).catch(async (error: Error) => {
    const end = readFileSync(log, "utf8").slice(-2000);
    await stop();
    throw new Error(`${error.message}\n${end}`);
  });
  return { prefix, stop };
}

const containerdConfig = (folder: string, socket: string): string => `version = 2
root = "${join(folder, "containerd")}"
state = "${join(folder, "state")}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
`;
