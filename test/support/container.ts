import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { imageOf } from "../../tools/images.ts";
import { command, until } from "../../tools/cluster/command.ts";
import { buildLocally, buildah } from "../../tools/cluster/embedded/images.ts";

/** What `buildah inspect` tells of an image. */
interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Labels: Readonly<Record<string, string>>;
}
export interface Image {
  readonly config: ImageConfig;
  /** Uncompressed, in bytes; the base's first. */
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

/** Configuration and layers of an image in the local storage. */
export async function inspect(ref: string): Promise<Image> {
  const told = JSON.parse(await command(buildah(["inspect", "--type", "image", ref]))) as {
    readonly OCIv1: { readonly config: ImageConfig };
    readonly Manifest: string;
  };
  const { layers } = JSON.parse(told.Manifest) as Pick<Image, "layers">;
  return { config: told.OCIv1.config, layers };
}

/**
 * Builds a program's image once more, as another version, and expects of both: one layer of ours under 10 MB, and the
 * same bytes in it.
 */
export async function addsOneSmallLayer(
  program: "operator" | "webapp",
  { ref, again }: { readonly ref: string; readonly again: string },
): Promise<void> {
  const buildArgs = { BUNDLE: "prebuilt", VERSION: "9.9.9" };
  await buildLocally(again, { ...imageOf(program, "9.9.9"), buildArgs });
  const [first, second] = await Promise.all([inspect(ref), inspect(again)]);
  expect(second.layers).toStrictEqual(first.layers);
  expect(first.layers).toHaveLength(2);
  expect(first.layers[1]?.size).toBeLessThan(10_000_000);
}

/** A container without Kubernetes: runc and nothing else. */
export interface Container {
  /** Status and body of `GET http://127.0.0.1:<port><path>`, asked inside its network namespace. */
  get(port: number, path: string): Promise<string>;
  /** Sends SIGTERM and gives the exit code. */
  stop(): Promise<number>;
  remove(): Promise<void>;
}

/** Runs the image as user `uid` with a read-only root, no capability and a network of its own. */
export async function runAlone(ref: string, uid: number): Promise<Container> {
  const id = `demoapp-image-${process.pid}`;
  const { config } = await inspect(ref);
  await command(buildah(["from", "--name", id, ref]));
  const rootfs = (await command(buildah(["mount", id]))).trim();
  const bundle = await mkdtemp(join(tmpdir(), `${id}-`));
  await writeFile(join(bundle, "config.json"), JSON.stringify(specOf(config, rootfs, uid)));

  const child = spawn("runc", ["run", "--bundle", bundle, id], { stdio: ["ignore", "ignore", "inherit"] });
  const exit = new Promise<number>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve(code ?? -1));
  });
  const pid = await until("the container runs", 10_000, async () => {
    const state = JSON.parse(await command(["runc", "state", id])) as { status: string; pid: number };
    return state.status === "running" ? state.pid : undefined;
  });
  const ask =
    "fetch(process.argv[1]).then(async (r) => process.stdout.write(`${r.status} ${await r.text()}`))";
  return {
    get: (port, path) =>
      command([
        "nsenter",
        "-t",
        `${pid}`,
        "-n",
        process.execPath,
        "-e",
        ask,
        `http://127.0.0.1:${port}${path}`,
      ]),
    stop: () => {
      child.kill("SIGTERM");
      return exit;
    },
    remove: async () => {
      child.kill("SIGKILL");
      await command(["runc", "delete", "--force", id]);
      await command(buildah(["rm", id]));
      await rm(bundle, { recursive: true, force: true });
    },
  };
}

function specOf(config: ImageConfig, rootfs: string, uid: number): object {
  const none = { bounding: [], effective: [], permitted: [], ambient: [] };
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid, gid: uid },
      args: [...config.Entrypoint, ...config.Cmd],
      env: config.Env,
      cwd: config.WorkingDir,
      capabilities: none,
      noNewPrivileges: true,
    },
    root: { path: rootfs, readonly: true },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
    ],
    linux: { namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })) },
  };
}
