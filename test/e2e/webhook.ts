import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stringify } from "yaml";
import { command } from "../../tools/cluster/command.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { applyYaml } from "./installation.ts";

const server = join(import.meta.dirname, "webhook-server.mjs");
const name = "e2e-webhooks";

/** A port of 127.0.0.1 on which nobody listens. */
const nobody = 9;

interface Webhook {
  /** The one Deployment that it is asked about. */
  readonly about: string;
  readonly port: number;
  readonly caBundle: string;
}

const webhookOf = (namespace: string, { about, port, caBundle }: Webhook): object => ({
  name: `${about}.demoapp.dev`,
  clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle },
  rules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["*"], resources: ["deployments"] }],
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  matchConditions: [{ name: "about", expression: `request.name == '${about}'` }],
  failurePolicy: "Fail",
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  timeoutSeconds: 5,
});

/**
 * Real admission webhooks for a namespace: one refuses every write of the Deployment `denied`, one that can't be reached
 * is asked about `unanswered`. Gives how to remove them.
 */
export async function installWebhooks(cluster: Cluster, namespace: string): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "demoapp-webhook-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=webhook", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-keyout", key, "-out", certificate];
  await command([
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    ...subject,
    ...files,
  ]);
  // Where the API server's own 127.0.0.1 is.
  const [file, ...args] = [...cluster.inside, process.execPath, server, key, certificate];
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const caBundle = (await readFile(certificate)).toString("base64");
  const webhooks = [
    webhookOf(namespace, { about: "denied", port: Number(port), caBundle }),
    webhookOf(namespace, { about: "unanswered", port: nobody, caBundle }),
  ];
  const kind = "ValidatingWebhookConfiguration";
  await applyYaml(
    cluster,
    stringify({ apiVersion: "admissionregistration.k8s.io/v1", kind, metadata: { name }, webhooks }),
  );
  return async () => {
    await command([cluster.kubectl, "--kubeconfig", cluster.kubeconfig, "delete", kind, name]);
    child.stdin.end();
    await rm(folder, { recursive: true });
  };
}
