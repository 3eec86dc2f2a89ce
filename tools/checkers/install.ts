/** The checkers of the tier `pipeline`: programs from Go modules and PyPI, pinned, installed once into the cache. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { command, succeeds } from "../cluster/command.ts";
import { ensureDebianPackages } from "../cluster/embedded/debian.ts";
import { withLock } from "../cluster/embedded/lock.ts";
import { cacheRoot } from "../cluster/embedded/paths.ts";
import type { Progress } from "../cluster/progress.ts";

const modules = join(import.meta.dirname, "go");
const requirements = join(import.meta.dirname, "requirements.txt");

/** The `tool` lines of tools/checkers/go/go.mod. */
const tools = [
  "github.com/rhysd/actionlint/cmd/actionlint",
  "github.com/yannh/kubeconform/cmd/kubeconform",
  "sigs.k8s.io/kustomize/kustomize/v5",
];

/** Named after a hash of all that decides what lies in it. */
function folder(): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const file of [join(modules, "go.mod"), join(modules, "go.sum"), requirements, import.meta.filename])
    hash.update(readFileSync(file));
  return join(cacheRoot(), "bin", `checkers-${hash.digest("hex").slice(0, 12)}`);
}

async function install(target: string, progress: Progress): Promise<void> {
  const temporary = `${target}.tmp`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  await progress.step("actionlint, kubeconform, kustomize built", (tick) =>
    command(["nice", "go", "build", "-v", "-trimpath", "-buildvcs=false", "-o", `${temporary}/`, ...tools], {
      cwd: modules,
      env: { CGO_ENABLED: "0" },
      onLine: tick,
    }),
  );
  // The hashes are of wheels: nothing is built, and nothing else is drawn in.
  const pinned = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", requirements];
  const quiet = ["--quiet", "--disable-pip-version-check", "--root-user-action", "ignore"];
  const pip = ["python3", "-m", "pip"];
  if (!(await succeeds([...pip, "--version"]))) await ensureDebianPackages("pip", progress);
  await progress.step("hadolint, shellcheck, zizmor installed", (tick) =>
    command([...pip, "install", ...quiet, ...pinned, "--target", join(temporary, "python")], {
      onLine: tick,
    }),
  );
  await rename(temporary, target);
}

/** Installs what is missing (about a minute, once) and gives the folders to put on PATH. */
export async function ensureCheckers(progress: Progress): Promise<readonly string[]> {
  const target = folder();
  if (!existsSync(target))
    await withLock(join(cacheRoot(), "bin", "checkers.lock"), async () => {
      if (!existsSync(target)) await install(target, progress);
    });
  return [target, join(target, "python/bin")];
}

/** Checkers tell what they found on standard output, of which an error would show nothing. */
const told =
  'out=$("$@"); code=$?; if [ "$code" = 0 ]; then printf %s "$out"; else printf "%s\\n" "$out" >&2; fi; exit "$code"';

/** Runs a checker, in a folder of its own choice; rejects with what it found. */
export async function check(argv: readonly string[], options: CheckOptions): Promise<string> {
  const path = [...(await ensureCheckers(options.progress)), process.env.PATH].join(":");
  const { cwd, input } = options;
  return command(["sh", "-c", told, "sh", ...argv], {
    env: { PATH: path },
    ...(cwd === undefined ? {} : { cwd }),
    ...(input === undefined ? {} : { input }),
  }).catch((error: unknown) => {
    const [, ...found] = error instanceof Error ? error.message.split("\n") : [String(error)];
    throw new Error([`${argv[0]} found something:`, ...found].join("\n"));
  });
}

interface CheckOptions {
  readonly progress: Progress;
  readonly cwd?: string;
  readonly input?: string;
}

interface Downloaded {
  readonly Zip?: string;
  readonly Error?: string;
}

/** Prints the named files of a zip archive as JSON. */
const unzip = `import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
print(json.dumps([archive.read(name).decode() for name in sys.argv[2:]]))`;

/** Texts of files of a Go module (`path@version`), downloaded and checked by Go; nothing of it is built. */
export async function moduleFiles(module: string, names: readonly string[]): Promise<readonly string[]> {
  // Go exits with 1 for a module that needs a newer Go than this one, though the archive is there then.
  const answer = await command(["sh", "-c", 'go mod download -json "$1" || true', "sh", module], {
    cwd: modules,
  });
  const { Zip, Error: error } = JSON.parse(answer) as Downloaded;
  if (Zip === undefined) throw new Error(`${module} can't be downloaded: ${error}`);
  const paths = names.map((name) => `${module}/${name}`);
  return JSON.parse(await command(["python3", "-c", unzip, Zip, ...paths])) as readonly string[];
}
