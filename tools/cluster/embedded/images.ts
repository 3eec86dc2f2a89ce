import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { command, succeeds } from "../command.ts";
import type { BuildRequest, BuiltImage } from "../provider.ts";
import { hashOf } from "./build.ts";
import { BASE_IMAGE, PAUSE_IMAGE, REGISTRY, RUN_ROOT } from "./constants.ts";
import { withLock } from "./lock.ts";
import { inside } from "./network.ts";
import { cacheRoot } from "./paths.ts";
import type { ClusterPaths } from "./paths.ts";
import { binariesOf } from "./toolchain.ts";

const temporaryFolder = () => fs.mkdtempDisposable(join(tmpdir(), "demoapp-image-"));

/** A buildah command line. All clusters share its storage, which is separate from the machine's. */
export function buildah(args: readonly string[]): string[] {
  const storage = ["--root", join(cacheRoot(), "images"), "--runroot", join(RUN_ROOT, ".buildah")];
  // Otherwise the storage bind-mounts itself and leaves the mount behind.
  const driver = ["--storage-driver=overlay", "--storage-opt=overlay.skip_mount_home=true"];
  return ["buildah", ...storage, ...driver, ...args];
}

/**
 * `--timestamp 0` makes equal files give an equal digest. `--layers` is not used: buildah 1.28 reuses a cached
 * `ENV A=${B}` of a build with a different `--build-arg B`.
 */
const BUILD = ["bud", "--isolation", "chroot", "--timestamp", "0", "--quiet"];

/** Builds an image and pushes it to the cluster's registry. */
export async function buildImage(paths: ClusterPaths, request: BuildRequest): Promise<BuiltImage> {
  const ref = `${REGISTRY}/${request.tag}`;
  await buildLocally(ref, request);
  return push(paths, ref);
}

/** Builds the image `ref` on the local base image, which is built first if it doesn't exist. */
async function buildLocally(ref: string, request: BuildRequest): Promise<void> {
  await ensureBaseImage();
  // The Dockerfiles' default base images are public, so they can't be pulled here.
  const args = { NODE_IMAGE: BASE_IMAGE, RUNTIME_IMAGE: BASE_IMAGE, ...request.buildArgs };
  const given = Object.entries(args).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]);
  await command(buildah([...BUILD, ...given, "-f", request.dockerfile, "-t", ref, request.context]));
}

async function push(paths: ClusterPaths, ref: string): Promise<BuiltImage> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "digest");
  // The registry listens only on the loopback address of the cluster's network namespace.
  const args = ["push", "--quiet", "--tls-verify=false", "--digestfile", file, ref, `docker://${ref}`];
  await command([...inside(paths), ...buildah(args)]);
  return { ref, digest: (await fs.readFile(file, "utf8")).trim() };
}

/** Builds an image from the text of a Dockerfile and the folder `context`. */
async function buildFrom(context: string, tags: readonly string[], dockerfile: string): Promise<void> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "Dockerfile");
  await fs.writeFile(file, dockerfile);
  await command(buildah([...BUILD, ...tags.flatMap((tag) => ["-t", tag]), "-f", file, context]));
}

/** Pushes the sandbox image, whose process keeps a pod's namespaces open, unless the registry has it. */
export async function ensurePauseImage(paths: ClusterPaths): Promise<void> {
  const tag = "docker/registry/v2/repositories/pause/_manifests/tags/1/current/link";
  if (existsSync(join(paths.state, "registry", tag))) return;
  const dockerfile = 'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n';
  await buildFrom(binariesOf("kubernetes"), [PAUSE_IMAGE], dockerfile);
  await push(paths, PAUSE_IMAGE);
}

/** Builds the local base image from scratch: this machine's Node with its shared libraries, and a user. */
export async function ensureBaseImage(): Promise<void> {
  const node = process.execPath;
  const libraries = sharedLibraries(await command(["ldd", node]));
  const inputs = JSON.stringify([process.version, libraries, BASE_FILES, DOCKERFILE]);
  const tag = `${BASE_IMAGE}-${hashOf([inputs])}`;
  await withLock(join(cacheRoot(), "images.lock"), async () => {
    if (await succeeds(buildah(["inspect", "--type", "image", tag]))) return;
    await using context = await temporaryFolder();
    const copied = { [NODE]: node, ...Object.fromEntries(libraries.map((file) => [file, file])) };
    await fillRoot(join(context.path, "root"), copied);
    await buildFrom(context.path, [tag, BASE_IMAGE], DOCKERFILE);
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

/** The files in the output of `ldd`: a program's shared libraries and the loader. */
export function sharedLibraries(ldd: string): string[] {
  return ldd.split("\n").flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

async function fillRoot(root: string, files: Record<string, string>): Promise<void> {
  const all = existsSync(CERTIFICATES) ? { ...files, [CERTIFICATES]: CERTIFICATES } : files;
  for (const [target, source] of Object.entries(all)) {
    await fs.mkdir(dirname(join(root, target)), { recursive: true });
    await fs.copyFile(await fs.realpath(source), join(root, target));
  }
  for (const [target, text] of Object.entries(BASE_FILES)) await fs.writeFile(join(root, target), text);
  // Distroless images have Node at this path.
  await fs.mkdir(join(root, "nodejs/bin"), { recursive: true });
  await fs.symlink(NODE, join(root, "nodejs/bin/node"));
  await fs.mkdir(join(root, "tmp"));
  await fs.chmod(join(root, "tmp"), 0o1777);
}
