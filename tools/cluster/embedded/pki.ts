import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../command.ts";
import { NODE_NAME, cidrs } from "./constants.ts";

/** The subject of a certificate. Only a server's certificate has `san`. */
interface Subject {
  readonly commonName: string;
  readonly organization?: string;
  readonly san?: readonly string[];
  /** openssl's options for the type of the key. */
  readonly key?: readonly string[];
}

/** The subjects of a cluster whose API server and node have the IP address `inner`, by file name. */
export function subjects(inner: string): Record<string, Subject> {
  const names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const dns = [...names, "kubernetes.default.svc.cluster.local"].map((name) => `DNS:${name}`);
  return {
    apiserver: {
      commonName: "kube-apiserver",
      san: [...dns, "IP:127.0.0.1", `IP:${inner}`, `IP:${cidrs.kubernetesService}`],
    },
    etcd: { commonName: "etcd", san: ["DNS:localhost", "IP:127.0.0.1"] },
    "etcd-client": { commonName: "kube-apiserver" },
    "apiserver-kubelet": { commonName: "kube-apiserver", organization: "system:masters" },
    "kubelet-server": { commonName: NODE_NAME, san: [`DNS:${NODE_NAME}`, `IP:${inner}`] },
    kubelet: { commonName: `system:node:${NODE_NAME}`, organization: "system:nodes" },
    "controller-manager": { commonName: "system:kube-controller-manager" },
    scheduler: { commonName: "system:kube-scheduler" },
    proxy: { commonName: "system:kube-proxy" },
    kwok: { commonName: "kwok", organization: "system:masters" },
    admin: { commonName: "admin", organization: "system:masters" },
  };
}

/** Creates the CA, the service-account key and all certificates in `folder`. Keeps those that are still valid. */
export async function ensurePki(folder: string, inner: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Without this file, openssl adds the extensions of the system's configuration.
  await writeFile(join(folder, "openssl.cnf"), "[req]\ndistinguished_name=dn\n[dn]\n");
  if (!existsSync(join(folder, "ca.crt"))) await issue(folder, "ca", { commonName: "demoapp-cluster-ca" });
  // This key signs service-account tokens. The API server can read a public key from RSA private keys only.
  if (!existsSync(join(folder, "service-account.key")))
    await issue(folder, "service-account", { commonName: "service-account", key: ["rsa:2048"] });
  // Certificates contain the IP address, which changes if another cluster took the slot after a reboot.
  const marker = join(folder, "address");
  if ((await readFile(marker, "utf8").catch(() => "")) === inner) return;
  await Promise.all(Object.entries(subjects(inner)).map(([name, subject]) => issue(folder, name, subject)));
  await writeFile(marker, inner);
}

const EC_KEY = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

async function issue(folder: string, name: string, subject: Subject): Promise<void> {
  const file = (suffix: string): string => join(folder, `${name}.${suffix}`);
  const { commonName, organization, key = EC_KEY } = subject;
  const dn = `${organization === undefined ? "" : `/O=${organization}`}/CN=${commonName}`;
  const openssl = ["openssl", "req", "-config", join(folder, "openssl.cnf"), "-x509", "-nodes"];
  const files = ["-keyout", file("key"), "-out", file("crt.tmp"), "-subj", dn];
  const signer = name === "ca" ? [] : ["-CA", join(folder, "ca.crt"), "-CAkey", join(folder, "ca.key")];
  const added = extensions(name === "ca", subject).flatMap((text) => ["-addext", text]);
  await command([...openssl, "-days", "3650", "-newkey", ...key, ...files, ...signer, ...added]);
  await rename(file("crt.tmp"), file("crt"));
}

function extensions(isCa: boolean, { san }: Subject): string[] {
  if (isCa) return ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,digitalSignature"];
  return [
    "basicConstraints=critical,CA:FALSE",
    "keyUsage=critical,digitalSignature",
    `extendedKeyUsage=${san === undefined ? "clientAuth" : "serverAuth,clientAuth"}`,
    ...(san === undefined ? [] : [`subjectAltName=${san.join(",")}`]),
  ];
}
