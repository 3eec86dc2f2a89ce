import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { STRIPPED_FLAGS, goBuild, goPins } from "../../tools/cluster/argocd/toolchain.ts";
import { command } from "../../tools/cluster/command.ts";
import { countingPackages, ensureBuilt, hashOf } from "../../tools/cluster/embedded/build.ts";
import { consoleProgress } from "../../tools/cluster/progress.ts";

const sources = join(import.meta.dirname, "go");
const deploy = join(import.meta.dirname, "../../deploy/argocd");

/** Approximate number of packages in a build without Go's cache, for the progress display. */
const packages = 1500;

/** Runs the program with Argo CD's Lua and notifications engines, and returns its JSON output. */
async function runEngine<T>(...args: readonly string[]): Promise<T> {
  const progress = consoleProgress();
  const files = [
    ...readdirSync(sources)
      .toSorted()
      .map((file) => join(sources, file)),
    ...goPins,
  ];
  const folder = await ensureBuilt(
    {
      name: "customizations",
      hash: hashOf(files.map((file) => readFileSync(file))),
      title: "Argo CD's Lua and notifications engines built",
      make: (out, tick) =>
        goBuild([...STRIPPED_FLAGS, `-modfile=${goPins[0]}`, "-o", join(out, "customizations"), "."], {
          progress,
          cwd: sources,
          onLine: countingPackages(packages, tick),
        }),
    },
    progress,
  );
  return JSON.parse(await command([join(folder, "customizations"), ...args])) as T;
}

/** Result of one case of a health_test.yaml or an action_test.yaml; an empty problem means success. */
export interface Outcome {
  readonly name: string;
  readonly problem: string;
}

/** Runs all cases with the customizations of an argocd-cm, by default the generated one. */
export const runLua = (argocdCm = join(deploy, "install/argocd-cm.yaml")): Promise<readonly Outcome[]> =>
  runEngine("lua", join(deploy, "resource_customizations"), argocdCm);

/** A notification that a trigger sends for an Application. */
export interface Sent {
  /** The Application's file. */
  readonly path: string;
  readonly trigger: string;
  readonly template: string;
  /** Argo CD sends the notification once for each value of this key. */
  readonly oncePer: string;
  readonly notification: {
    readonly message: string;
    readonly pagerdutyv2?: { readonly severity: string };
  };
}

/** The notifications that the triggers of argocd-notifications-cm send for the Applications in `files`. */
export const runNotifications = (files: readonly string[]): Promise<readonly Sent[]> =>
  runEngine("notifications", join(deploy, "install/argocd-notifications-cm.yaml"), ...files);
