import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../command.ts";
import { NODE_NAME, cidrs } from "./constants.ts";

/** Who a certificate is for. `san` makes it a server's. */
interface Subject {
  readonly commonName: string;
  readonly organization?: string;
  readonly san?: readonly string[];
}

const DAYS = 3650;

/** Every certificate of a cluster whose API server and node have the address `inner`. */
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

/** Makes the CA, all certificates and the service-account key in `folder`; keeps those that fit. */
export async function ensurePki(folder: string, inner: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await ensureKey(join(folder, "service-account.key"));
  // Without a configuration of our own, openssl would add the system's default extensions.
  await writeFile(join(folder, "openssl.cnf"), "[req]\ndistinguished_name=dn\n[dn]\n");
  if (!existsSync(join(folder, "ca.crt"))) await issue(folder, "ca", { commonName: "demoapp-cluster-ca" });
  // Certificates name the address: another one (the slot was taken after a reboot) needs new ones.
  const marker = join(folder, "address");
  if ((await readFile(marker, "utf8").catch(() => "")) === inner) return;
  await Promise.all(Object.entries(subjects(inner)).map(([name, subject]) => issue(folder, name, subject)));
  await writeFile(marker, inner);
}

/** Signs service-account tokens; the public half is read from the private key's file by the API server. */
async function ensureKey(file: string): Promise<void> {
  if (existsSync(file)) return;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const temporary = `${file}.tmp`;
  await writeFile(temporary, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  await rename(temporary, file);
}

async function issue(folder: string, name: string, subject: Subject): Promise<void> {
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const temporary = `${certificate}.tmp`;
  await rm(certificate, { force: true });
  const organization = subject.organization === undefined ? "" : `/O=${subject.organization}`;
  const argv = [
    "openssl",
    "req",
    "-config",
    join(folder, "openssl.cnf"),
    "-x509",
    "-nodes",
    "-days",
    String(DAYS),
  ];
  argv.push("-keyout", key, "-out", temporary);
  argv.push(
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-subj",
    `${organization}/CN=${subject.commonName}`,
  );
  const signer = name === "ca" ? [] : ["-CA", join(folder, "ca.crt"), "-CAkey", join(folder, "ca.key")];
  await command([
    ...argv,
    ...signer,
    ...extensions(name === "ca", subject).flatMap((text) => ["-addext", text]),
  ]);
  await rename(temporary, certificate);
}

function extensions(ca: boolean, { san }: Subject): string[] {
  if (ca) return ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,digitalSignature"];
  const usage = san === undefined ? "clientAuth" : "serverAuth,clientAuth";
  const common = [
    "basicConstraints=critical,CA:FALSE",
    "keyUsage=critical,digitalSignature",
    `extendedKeyUsage=${usage}`,
  ];
  return san === undefined ? common : [...common, `subjectAltName=${san.join(",")}`];
}
