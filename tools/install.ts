// `npm run install-yaml [-- --image <reference>]`: writes dist/install.yaml, one file with every object of deploy/operator,
// for a release or for `kubectl apply --server-side -f`.
import { existsSync } from "node:fs";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { command, succeeds } from "./cluster/command.ts";
import { clusterFor } from "./cluster/provider.ts";
import { script } from "./script.ts";

const root = join(import.meta.dirname, "..");
const installation = join(root, "deploy/operator");

export interface InstallOptions {
  /** The kubectl that renders, with the kustomize that `kubectl apply -k` uses. */
  readonly kubectl: string;
  /** The image to run instead of the released one. */
  readonly image?: string | undefined;
  /** Settings of the operator: environment variables, as operator/config.ts lists them. */
  readonly env?: Readonly<Record<string, string>>;
}

/** An overlay in another folder. kustomize accepts only relative paths to a base. */
function overlay(folder: string, { image, env = {} }: InstallOptions): object {
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  const container = { name: "operator", env: variables, ...(image === undefined ? {} : { image }) };
  const patch = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "demoapp-operator", namespace: "demoapp-system" },
    spec: { template: { spec: { containers: [container] } } },
  };
  return { resources: [relative(folder, installation)], patches: [{ patch: stringify(patch) }] };
}

/** All objects of the operator's installation, as one YAML text. Rejects with the error of kustomize. */
export async function renderInstall(options: InstallOptions): Promise<string> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "demoapp-install-"));
  await writeFile(join(folder.path, "kustomization.yaml"), stringify(overlay(folder.path, options)));
  return await command([options.kubectl, "kustomize", folder.path]);
}

/** The kubectl on PATH, otherwise the one of the local cluster. */
async function findKubectl(): Promise<string> {
  if (await succeeds(["kubectl", "version", "--client"])) return "kubectl";
  const { kubectl } = await clusterFor("demo", "node");
  if (existsSync(kubectl)) return kubectl;
  throw new Error(
    "kubectl is missing: install kubectl, or run `npm run cluster -- up` once, which builds kubectl",
  );
}

async function main(): Promise<void> {
  const { image } = parseArgs({ options: { image: { type: "string" } } }).values;
  const text = await renderInstall({ kubectl: await findKubectl(), image });
  await mkdir(join(root, "dist"), { recursive: true });
  await writeFile(join(root, "dist/install.yaml"), text);
  console.log(`  ✓ dist/install.yaml ${Math.ceil(text.length / 1024)} KiB`);
}

if (import.meta.main) await script(main);
