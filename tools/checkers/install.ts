/** Installs the checkers of the tier `pipeline` into the cache: pinned programs from Go modules and PyPI. */
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

/** The folder of the installed checkers. Its name has a hash of everything that determines its content. */
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
  // The hashes are hashes of wheels: pip builds nothing and installs no dependencies.
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

/** Installs the checkers if they are missing (about a minute). Returns the folders to add to PATH. */
export async function ensureCheckers(progress: Progress): Promise<readonly string[]> {
  const target = folder();
  if (!existsSync(target))
    await withLock(join(cacheRoot(), "bin", "checkers.lock"), async () => {
      if (!existsSync(target)) await install(target, progress);
    });
  return [target, join(target, "python/bin")];
}

/** Moves standard output to standard error on failure: checkers report to the former, and errors show the latter. */
const wrapper =
  'out=$("$@"); code=$?; if [ "$code" = 0 ]; then printf %s "$out"; else printf "%s\\n" "$out" >&2; fi; exit "$code"';

/** Runs a checker. Rejects with the problems that the checker reports. */
export async function check(argv: readonly string[], options: CheckOptions): Promise<string> {
  const path = [...(await ensureCheckers(options.progress)), process.env.PATH].join(":");
  const { cwd, input } = options;
  return command(["sh", "-c", wrapper, "sh", ...argv], {
    env: { PATH: path },
    ...(cwd === undefined ? {} : { cwd }),
    ...(input === undefined ? {} : { input }),
  }).catch((error: unknown) => {
    const [, ...problems] = error instanceof Error ? error.message.split("\n") : [String(error)];
    throw new Error([`${argv[0]} reports problems:`, ...problems].join("\n"));
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

/** The text of files of a Go module (`path@version`). Go downloads and verifies the module; nothing is built. */
export async function moduleFiles(module: string, names: readonly string[]): Promise<readonly string[]> {
  // Go exits with 1 if the module requires a newer Go, although the archive is downloaded.
  const answer = await command(["sh", "-c", 'go mod download -json "$1" || true', "sh", module], {
    cwd: modules,
  });
  const { Zip, Error: error } = JSON.parse(answer) as Downloaded;
  if (Zip === undefined) throw new Error(`can't download ${module}: ${error}`);
  const paths = names.map((name) => `${module}/${name}`);
  return JSON.parse(await command(["python3", "-c", unzip, Zip, ...paths])) as readonly string[];
}
