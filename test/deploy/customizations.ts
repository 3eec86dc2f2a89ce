import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { argoCdGo } from "../../tools/cluster/argocd/toolchain.ts";
import { command } from "../../tools/cluster/command.ts";
import { countingPackages, ensureBuilt, hashOf } from "../../tools/cluster/embedded/build.ts";
import type { Progress } from "../../tools/cluster/progress.ts";

const sources = join(import.meta.dirname, "go");
const pins = join(import.meta.dirname, "../cluster/argocd/go");
const deploy = join(import.meta.dirname, "../../deploy/argocd");

/** Packages compiled where Go's own cache has none of them, about: only for showing how far it is. */
const packages = 1500;

/** Builds the program that holds Argo CD's engines, unless the cache has it. */
async function build(progress: Progress): Promise<string> {
  const own = readdirSync(sources).map((file) => join(sources, file));
  const files = [...own.toSorted(), join(pins, "go.mod"), join(pins, "go.sum")];
  const folder = await ensureBuilt(
    {
      name: "customizations",
      hash: hashOf(files.map((file) => readFileSync(file))),
      title: "Argo CD's Lua and notifications engines built",
      make: async (out, tick) => {
        const { go, env } = await argoCdGo(progress);
        const flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w", `-modfile=${join(pins, "go.mod")}`];
        await command(["nice", go, "build", "-v", ...flags, "-o", join(out, "customizations"), "."], {
          cwd: sources,
          env,
          onLine: countingPackages(packages, tick),
        });
      },
    },
    progress,
  );
  return join(folder, "customizations");
}

/** One case of a health_test.yaml or an action_test.yaml; an empty problem means that it holds. */
export interface Outcome {
  readonly name: string;
  readonly problem: string;
}

/** Tries the customizations of an argocd-cm, by default the generated one, on every case there is. */
export async function tryLua(
  progress: Progress,
  argocdCm = join(deploy, "install/argocd-cm.yaml"),
): Promise<readonly Outcome[]> {
  const program = await build(progress);
  const told = await command([program, "lua", join(deploy, "resource_customizations"), argocdCm]);
  return JSON.parse(told) as Outcome[];
}

/** What a trigger sends for one application. */
export interface Sent {
  readonly path: string;
  readonly trigger: string;
  readonly template: string;
  /** It is sent once for each value of this. */
  readonly oncePer: string;
  readonly notification: {
    readonly message: string;
    readonly email?: { readonly subject: string };
    readonly pagerdutyv2?: { readonly summary: string; readonly severity: string };
  };
}

/** What the triggers of argocd-notifications-cm send for the Applications in some files. */
export async function tryNotifications(
  progress: Progress,
  applications: readonly string[],
): Promise<readonly Sent[]> {
  const configMap = join(deploy, "install/argocd-notifications-cm.yaml");
  const program = await build(progress);
  return JSON.parse(await command([program, "notifications", configMap, ...applications])) as Sent[];
}
