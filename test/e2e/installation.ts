import { imageOf } from "../../tools/images.ts";
import { renderInstall } from "../../tools/install.ts";
import type { ApiClient } from "../../operator/runtime/client.ts";
import { command, until } from "../../tools/cluster/command.ts";
import type { BuiltImage, Cluster } from "../../tools/cluster/provider.ts";
import { fingerprint, onceIn } from "../support/once.ts";
import { type Deployment, kinds } from "./kinds.ts";

/** What the images and the manifests are made from. */
export const sources = [
  "{operator,webapp,deploy,crds}/**/*.*",
  "package-lock.json",
  "tools/build.mjs",
  "Dockerfile.*",
];

/** A short lease, so that losing a leader takes seconds; the operator gives up after two thirds of it. */
const settings = { LEASE_DURATION_SECONDS: "6", LOG_LEVEL: "debug" };

export interface Images {
  readonly operator: string;
  /** Two versions of the web app, which differ in what they say their version is. */
  readonly first: string;
  readonly second: string;
}

const pinned = ({ ref, digest }: BuiltImage): string => `${ref}@${digest}`;

async function buildImages(cluster: Cluster): Promise<Images> {
  const build = async (program: "operator" | "webapp", version: string): Promise<string> =>
    pinned(await cluster.build(imageOf(program, version)));
  return {
    operator: await build("operator", "0.1.0"),
    first: await build("webapp", "1.0.0"),
    second: await build("webapp", "1.1.0"),
  };
}

export const operatorNamespace = "demoapp-system";
export const operatorName = "demoapp-operator";

/** True once every pod of the operator is of its newest template, and ready. */
export async function isOperatorReady(client: ApiClient): Promise<true | undefined> {
  const ref = { namespace: operatorNamespace, name: operatorName };
  const object = await client.get(kinds.Deployment, ref);
  const { spec, status, metadata } = object as unknown as Deployment & {
    status: { observedGeneration?: number; replicas?: number };
  };
  const { availableReplicas = 0, updatedReplicas = 0, replicas = 0, observedGeneration } = status;
  const all = [availableReplicas, updatedReplicas, replicas].every((count) => count === spec.replicas);
  return all && observedGeneration === metadata.generation ? true : undefined;
}

/** Applies YAML as a release's user would. */
export async function applyYaml(cluster: Cluster, yaml: string): Promise<void> {
  const { kubectl, kubeconfig } = cluster;
  const flags = ["--server-side", "--force-conflicts", "--field-manager=e2e"];
  await command([kubectl, "--kubeconfig", kubeconfig, "apply", ...flags, "-f", "-"], { input: yaml });
}

/** The installation in use, with other settings if need be. */
export const renderOperator = (cluster: Cluster, image: string): Promise<string> =>
  renderInstall({ kubectl: cluster.kubectl, image, env: settings });

/** Builds the images and installs the operator with the manifests that are released. Gives the images, by digest. */
export const install = (cluster: Cluster, client: ApiClient): Promise<Images> =>
  onceIn(client, { name: "e2e-installation", fingerprint: fingerprint(sources, settings) }, async () => {
    const images = await buildImages(cluster);
    await applyYaml(cluster, await renderOperator(cluster, images.operator));
    await until("the operator is ready", 60_000, () => isOperatorReady(client));
    return images;
  });
