import {
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  writeFile,
  copyFile,
  realpath,
  chmod,
} from "node:fs/promises";
import { existsSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { command, succeeds } from "../command.ts";
import type { BuildRequest, BuiltImage } from "../provider.ts";
import { BASE_IMAGE, PAUSE_IMAGE, REGISTRY, RUN_ROOT } from "./constants.ts";
import { inside } from "./network.ts";
import { cacheRoot } from "./paths.ts";
import type { ClusterPaths } from "./paths.ts";
import { withLock } from "./lock.ts";
import { binariesOf } from "./toolchain.ts";

/** argv of buildah with storage of its own, shared by all clusters and apart from the machine's. */
export function buildah(args: readonly string[]): string[] {
  const storage = ["--root", join(cacheRoot(), "images"), "--runroot", join(RUN_ROOT, ".buildah")];
  // The storage would otherwise mount itself on itself and leave that mount behind.
  return [
    "buildah",
    ...storage,
    "--storage-driver=overlay",
    "--storage-opt=overlay.skip_mount_home=true",
    ...args,
  ];
}

/**
 * `--timestamp 0` and fixed inputs: the same files give the same digest. No `--layers`: that cache takes an
 * `ENV A=${B}` of one build for that of another with a different `--build-arg B` (seen in buildah 1.28).
 */
const BUILD = ["bud", "--isolation", "chroot", "--timestamp", "0", "--quiet"];

/** Builds the image and pushes it to the cluster's registry. */
export async function buildImage(paths: ClusterPaths, request: BuildRequest): Promise<BuiltImage> {
  const ref = `${REGISTRY}/${request.tag}`;
  await buildLocally(ref, request);
  return push(paths, ref);
}

/** Builds the image `ref` on the base image of everything built here, which is made if need be. */
export async function buildLocally(ref: string, request: BuildRequest): Promise<void> {
  await ensureBaseImage();
  // What stands in for the public images that the Dockerfiles name by default.
  const args = { NODE_IMAGE: BASE_IMAGE, RUNTIME_IMAGE: BASE_IMAGE, ...request.buildArgs };
  const given = Object.entries(args).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]);
  await command(buildah([...BUILD, ...given, "-f", request.dockerfile, "-t", ref, request.context]));
}

function push(paths: ClusterPaths, ref: string): Promise<BuiltImage> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, "digest");
    // The registry listens on a loopback address inside the cluster's namespace only.
    const args = ["push", "--quiet", "--tls-verify=false", "--digestfile", file, ref, `docker://${ref}`];
    await command([...inside(paths), ...buildah(args)]);
    return { ref, digest: (await readFile(file, "utf8")).trim() };
  });
}

async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "demoapp-image-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Builds an image out of the folder `context`, with a Dockerfile given as text. */
async function buildFrom(context: string, tags: readonly string[], dockerfile: string): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const file = join(folder, "Dockerfile");
    await writeFile(file, dockerfile);
    await command(buildah([...BUILD, ...tags.flatMap((tag) => ["-t", tag]), "-f", file, context]));
  });
}

/** Pushes the image that holds a pod's namespaces open. */
export async function ensurePauseImage(paths: ClusterPaths): Promise<void> {
  const dockerfile = 'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n';
  await buildFrom(binariesOf("kubernetes"), [PAUSE_IMAGE], dockerfile);
  await push(paths, PAUSE_IMAGE);
}

/**
 * Makes the base image of everything built here: this very Node, the libraries it is linked against and a
 * user, from scratch, because no public image can be pulled.
 */
async function ensureBaseImage(): Promise<void> {
  const node = process.execPath;
  const libraries = sharedLibraries(await command(["ldd", node]));
  const key = createHash("sha256").update(
    JSON.stringify([process.version, libraries, BASE_FILES, DOCKERFILE]),
  );
  const tag = `${BASE_IMAGE}-${key.digest("hex").slice(0, 12)}`;
  await withLock(join(cacheRoot(), "images.lock"), async () => {
    if (await succeeds(buildah(["inspect", "--type", "image", tag]))) return;
    await inTemporaryFolder(async (context) => {
      const copied = { [NODE]: node, ...Object.fromEntries(libraries.map((file) => [file, file])) };
      await fillRoot(join(context, "root"), copied);
      await buildFrom(context, [tag, BASE_IMAGE], DOCKERFILE);
    });
  });
}

const NODE = "/usr/local/bin/node";
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const DOCKERFILE = `FROM scratch
COPY root/ /
ENV PATH=/usr/local/bin SSL_CERT_FILE=${CERTIFICATES}
USER 65532:65532
ENTRYPOINT ["${NODE}"]
`;
const BASE_FILES = {
  "/etc/passwd":
    "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
  "/etc/group": "root:x:0:\nnonroot:x:65532:\n",
  "/etc/nsswitch.conf": "hosts: files dns\n",
};

/** Files that `ldd` says a program loads, the loader included. */
export function sharedLibraries(ldd: string): string[] {
  return ldd.split("\n").flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

async function fillRoot(root: string, files: Record<string, string>): Promise<void> {
  const all = existsSync(CERTIFICATES) ? { ...files, [CERTIFICATES]: CERTIFICATES } : files;
  for (const [target, source] of Object.entries(all)) {
    await mkdir(dirname(join(root, target)), { recursive: true });
    await copyFile(await realpath(source), join(root, target));
  }
  for (const [target, text] of Object.entries(BASE_FILES)) await writeFile(join(root, target), text);
  // Where distroless images keep it.
  await mkdir(join(root, "nodejs/bin"), { recursive: true });
  await symlink(NODE, join(root, "nodejs/bin/node"));
  await mkdir(join(root, "tmp"));
  await chmod(join(root, "tmp"), 0o1777);
}
