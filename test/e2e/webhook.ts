import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stringify } from "yaml";
import { command } from "../../tools/cluster/command.ts";
import { kubectl } from "../../tools/cluster/kubectl.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { applyYaml } from "./installation.ts";

const server = join(import.meta.dirname, "webhook-server.mjs");
const configuration = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "e2e-webhooks" },
} as const;

/** A port of 127.0.0.1 without a listener. */
const closedPort = 9;

interface Webhook {
  /** The Deployment that the webhook reviews. */
  readonly deployment: string;
  readonly port: number;
  readonly caBundle: string;
}

const webhookOf = (namespace: string, { deployment, port, caBundle }: Webhook): object => ({
  name: `${deployment}.demoapp.dev`,
  clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle },
  rules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["*"], resources: ["deployments"] }],
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  matchConditions: [{ name: "deployment", expression: `request.name == '${deployment}'` }],
  failurePolicy: "Fail",
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  timeoutSeconds: 5,
});

/**
 * Installs two admission webhooks for a namespace: one refuses every write of the Deployment `denied`, one for the
 * Deployment `unanswered` can't be reached. Returns the function that removes both.
 */
export async function installWebhooks(cluster: Cluster, namespace: string): Promise<() => Promise<void>> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "demoapp-webhook-"));
  const [key, certificate] = [join(folder.path, "key.pem"), join(folder.path, "cert.pem")];
  const subject = ["-subj", "/CN=webhook", "-addext", "subjectAltName=IP:127.0.0.1"];
  const options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject];
  await command(["openssl", "req", ...options, "-keyout", key, "-out", certificate]);
  // The webhook's address is 127.0.0.1 in the API server's network namespace.
  const [file, ...args] = [...cluster.inside, process.execPath, server, key, certificate];
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const caBundle = (await readFile(certificate)).toString("base64");
  const webhooks = [
    webhookOf(namespace, { deployment: "denied", port: Number(port), caBundle }),
    webhookOf(namespace, { deployment: "unanswered", port: closedPort, caBundle }),
  ];
  await applyYaml(cluster, stringify({ ...configuration, webhooks }));
  return async () => {
    await kubectl(cluster, ["delete", configuration.kind, configuration.metadata.name]);
    child.stdin.end();
  };
}
