/** Installs the checkers of the tier `pipeline` into the cache: pinned programs from Go modules and PyPI. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { command } from "../cluster/command.ts";
import { ensureBuilt, hashOf } from "../cluster/embedded/build.ts";
import { pipInstall } from "../cluster/embedded/debian.ts";
import type { Progress } from "../cluster/progress.ts";

const modules = join(import.meta.dirname, "go");
const requirements = join(import.meta.dirname, "requirements.txt");
/** Everything that determines the installed programs. */
const inputs = [join(modules, "go.mod"), join(modules, "go.sum"), requirements, import.meta.filename];

/** The `tool` lines of tools/checkers/go/go.mod. */
const tools = [
  "github.com/rhysd/actionlint/cmd/actionlint",
  "github.com/yannh/kubeconform/cmd/kubeconform",
  "sigs.k8s.io/kustomize/kustomize/v5",
];

async function install(out: string, tick: (text: string) => void, progress: Progress): Promise<void> {
  await command(["nice", "go", "build", "-v", "-trimpath", "-buildvcs=false", "-o", `${out}/`, ...tools], {
    cwd: modules,
    env: { CGO_ENABLED: "0" },
    onLine: tick,
  });
  await pipInstall(requirements, join(out, "python"), progress);
}

/** Installs the checkers if they are missing (about a minute). Returns the folders to add to PATH. */
export async function ensureCheckers(progress: Progress): Promise<readonly string[]> {
  const hash = hashOf([process.platform, process.arch, ...inputs.map((file) => readFileSync(file))]);
  const title = "checkers installed";
  const folder = await ensureBuilt(
    { name: "checkers", hash, title, make: (out, tick) => install(out, tick, progress) },
    progress,
  );
  return [folder, join(folder, "python/bin")];
}

/** Builds act, which runs workflows without GitHub, if it is missing (about four minutes). Returns the program. */
export async function ensureAct(progress: Progress): Promise<string> {
  const cwd = join(import.meta.dirname, "act");
  const inputs = ["go.mod", "go.sum"].map((file) => readFileSync(join(cwd, file)));
  const hash = hashOf([process.platform, process.arch, ...inputs]);
  const make = async (out: string, tick: (text: string) => void): Promise<void> => {
    const build = ["nice", "go", "build", "-v", "-trimpath", "-buildvcs=false", "-o", `${out}/act`];
    await command([...build, "github.com/nektos/act"], { cwd, env: { CGO_ENABLED: "0" }, onLine: tick });
  };
  return join(await ensureBuilt({ name: "act", hash, title: "act built", make }, progress), "act");
}

interface CheckOptions {
  readonly progress: Progress;
  readonly cwd?: string;
  readonly input?: string;
}

/** Runs a checker. Rejects with the problems that the checker reports. */
export async function check(
  [file = "", ...args]: readonly string[],
  { progress, cwd, input = "" }: CheckOptions,
): Promise<string> {
  const PATH = [...(await ensureCheckers(progress)), process.env.PATH].join(":");
  const maxBuffer = 64 * 1024 * 1024;
  const running = promisify(execFile)(file, args, { cwd, env: { ...process.env, PATH }, maxBuffer });
  // A checker that fails before it has read its input is judged by its exit code.
  running.child.stdin?.on("error", () => undefined).end(input);
  return running.then(
    ({ stdout }) => stdout,
    ({ message, stdout = "", stderr = "" }: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`${file} reports problems:\n${stdout + stderr || message}`);
    },
  );
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
