import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { command, until } from "../../tools/cluster/command.ts";
import { buildLocally, buildah } from "../../tools/cluster/embedded/images.ts";
import { imageOf } from "../../tools/images.ts";
import { httpGet } from "./http.ts";

/** The configuration in the output of `buildah inspect`. */
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
  /** The layers, base image first. `size` is uncompressed, in bytes. */
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

/** Configuration and layers of an image in the local storage. */
export async function inspect(ref: string): Promise<Image> {
  const image = JSON.parse(await command(buildah(["inspect", "--type", "image", ref]))) as {
    readonly OCIv1: { readonly config: ImageConfig };
    readonly Manifest: string;
  };
  const { layers } = JSON.parse(image.Manifest) as Pick<Image, "layers">;
  return { config: image.OCIv1.config, layers };
}

/** Builds the image again as another version. Expects that it adds one layer under 10 MB, the same in both builds. */
export async function expectOneSmallLayer(
  program: "operator" | "webapp",
  { ref, again }: { readonly ref: string; readonly again: string },
): Promise<void> {
  await buildLocally(again, imageOf(program, "9.9.9"));
  const [first, second] = await Promise.all([inspect(ref), inspect(again)]);
  expect(second.layers).toStrictEqual(first.layers);
  expect(first.layers).toHaveLength(2);
  expect(first.layers[1]?.size).toBeLessThan(10_000_000);
}

/** A container that runc runs without Kubernetes. */
export interface Container {
  /** Status and body of `GET http://127.0.0.1:<port><path>`, sent inside the container's network namespace. */
  get(port: number, path: string): Promise<string>;
  /** Sends SIGTERM and returns the exit code. */
  stop(): Promise<number>;
  remove(): Promise<void>;
}

/** Runs the image as user `uid`, with a read-only root, no capability and its own network. */
export async function runContainer(ref: string, uid: number): Promise<Container> {
  const id = `demoapp-image-${process.pid}`;
  const { config } = await inspect(ref);
  await command(buildah(["from", "--name", id, ref]));
  const rootfs = (await command(buildah(["mount", id]))).trim();
  const bundle = await mkdtemp(join(tmpdir(), `${id}-`));
  await writeFile(join(bundle, "config.json"), JSON.stringify(runtimeSpec(config, rootfs, uid)));

  const child = spawn("runc", ["run", "--bundle", bundle, id], { stdio: ["ignore", "ignore", "inherit"] });
  const closed = once(child, "close") as Promise<[number | null]>;
  const pid = await until("the container runs", 10_000, async () => {
    const state = JSON.parse(await command(["runc", "state", id])) as { status: string; pid: number };
    return state.status === "running" ? state.pid : undefined;
  });
  return {
    get: (port, path) => httpGet(["nsenter", "-t", `${pid}`, "-n"], `http://127.0.0.1:${port}${path}`),
    stop: async () => {
      child.kill("SIGTERM");
      const [code] = await closed;
      return code ?? -1;
    },
    remove: async () => {
      child.kill("SIGKILL");
      await command(["runc", "delete", "--force", id]);
      await command(buildah(["rm", id]));
      await rm(bundle, { recursive: true, force: true });
    },
  };
}

function runtimeSpec(config: ImageConfig, rootfs: string, uid: number): object {
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid, gid: uid },
      args: [...config.Entrypoint, ...config.Cmd],
      env: config.Env,
      cwd: config.WorkingDir,
      capabilities: { bounding: [], effective: [], permitted: [], ambient: [] },
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
