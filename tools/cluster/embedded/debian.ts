import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import type { Progress } from "../progress.ts";
import { command } from "../command.ts";

/** Debian package -> a file that only it brings: asking the file system is a thousand times faster than dpkg. */
const basic = {
  iproute2: "/sbin/ip",
  openssl: "/usr/bin/openssl",
  "util-linux": "/usr/bin/nsenter",
} as const;

const forNodes = {
  buildah: "/usr/bin/buildah",
  conntrack: "/usr/sbin/conntrack",
  containerd: "/usr/bin/containerd",
  "containernetworking-plugins": "/usr/lib/cni/ptp",
  "docker-registry": "/usr/bin/docker-registry",
  iptables: "/usr/sbin/iptables",
  runc: "/usr/sbin/runc",
} as const;

const forArgoCd = { git: "/usr/bin/git", "redis-server": "/usr/bin/redis-server" } as const;
const forRegistry = { "docker-registry": "/usr/bin/docker-registry", skopeo: "/usr/bin/skopeo" } as const;
const forPip = { "python3-pip": "/usr/bin/pip3" } as const;

/** What the packages are for. `cluster`: no node; `pip`: fetching programs that come as wheels. */
type Purpose = "cluster" | "node" | "argocd" | "registry" | "pip";
const packagesFor: Record<Purpose, Readonly<Record<string, string>>> = {
  cluster: basic,
  node: { ...basic, ...forNodes },
  argocd: forArgoCd,
  registry: forRegistry,
  pip: forPip,
};

/** Asked by Debian's post-install scripts before they start a service; 101 means "don't". */
const POLICY = "/usr/sbin/policy-rc.d";

/** Packages whose files are not there. */
export function missingPackages(purpose: Purpose, exists: (file: string) => boolean = existsSync): string[] {
  const wanted = packagesFor[purpose];
  return Object.keys(wanted).filter((name) => !exists(wanted[name] ?? ""));
}

/** Installs what is missing; without root it says what to install. */
export async function ensureDebianPackages(purpose: Purpose, progress: Progress): Promise<void> {
  const missing = missingPackages(purpose);
  if (missing.length === 0) return;
  const list = missing.join(" ");
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get"))
    throw new Error(`the local cluster needs Debian packages; run as root: apt-get install -y ${list}`);
  await progress.step(`Debian packages: ${list}`, async (tick) => {
    await apt(["update"], tick);
    await withoutServices(() => apt(["install", "-y", "--no-install-recommends", ...missing], tick));
  });
}

function apt(args: readonly string[], tick: (text: string) => void): Promise<string> {
  const argv = [
    "apt-get",
    "-q",
    "-o",
    "DPkg::Lock::Timeout=300",
    "-o",
    "Dpkg::Options::=--force-confold",
    ...args,
  ];
  return command(argv, { env: { DEBIAN_FRONTEND: "noninteractive" }, onLine: tick });
}

/** The system's own containerd, docker-registry and redis must not run: each cluster starts its own. */
async function withoutServices(install: () => Promise<unknown>): Promise<void> {
  const ours = !existsSync(POLICY);
  if (ours) await writeFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await install();
  } finally {
    if (ours) await rm(POLICY, { force: true });
  }
}
