// `npm run install-yaml [-- --image <reference>]`: writes dist/install.yaml, one file with all of deploy/operator,
// for a release or for `kubectl apply --server-side -f`.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { command, succeeds } from "./cluster/command.ts";
import { clusterFor } from "./cluster/provider.ts";

const root = join(import.meta.dirname, "..");
const installation = join(root, "deploy/operator");

export interface InstallOptions {
  /** kubectl to render with: its kustomize is the one that `kubectl apply -k` uses. */
  readonly kubectl: string;
  /** Image to run instead of the released one. */
  readonly image?: string | undefined;
  /** Settings of the operator, as environment variables (operator/config.ts has the list). */
  readonly env?: Readonly<Record<string, string>>;
}

/** An overlay in a folder elsewhere: kustomize takes a base by relative path only. */
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

/** All objects of the operator's installation as one YAML text. Rejects with kustomize's words. */
export async function renderInstall(options: InstallOptions): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "demoapp-install-"));
  try {
    await writeFile(join(folder, "kustomization.yaml"), stringify(overlay(folder, options)));
    return await command([options.kubectl, "kustomize", folder]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The machine's own kubectl, or else the local cluster's. */
async function findKubectl(): Promise<string> {
  if (await succeeds(["kubectl", "version", "--client"])) return "kubectl";
  const { kubectl } = await clusterFor("demo", "node");
  if (existsSync(kubectl)) return kubectl;
  throw new Error("kubectl is needed: install it, or run `npm run cluster -- up` once, which builds one");
}

async function main(): Promise<void> {
  const { image } = parseArgs({ options: { image: { type: "string" } } }).values;
  const text = await renderInstall({ kubectl: await findKubectl(), image });
  await mkdir(join(root, "dist"), { recursive: true });
  await writeFile(join(root, "dist/install.yaml"), text);
  console.log(`  ✓ dist/install.yaml ${Math.ceil(text.length / 1024)} KiB`);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
