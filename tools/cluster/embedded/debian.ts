import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { command, succeeds } from "../command.ts";
import type { Progress } from "../progress.ts";

const forCluster = {
  iproute2: "/sbin/ip",
  openssl: "/usr/bin/openssl",
  "util-linux": "/usr/bin/nsenter",
} as const;

/** By purpose: Debian packages, each with a file that it installs. Looking for a file is faster than asking dpkg. */
const packagesFor = {
  cluster: forCluster,
  node: {
    ...forCluster,
    buildah: "/usr/bin/buildah",
    conntrack: "/usr/sbin/conntrack",
    containerd: "/usr/bin/containerd",
    "containernetworking-plugins": "/usr/lib/cni/ptp",
    "docker-registry": "/usr/bin/docker-registry",
    iptables: "/usr/sbin/iptables",
    runc: "/usr/sbin/runc",
  },
  docker: { ...forCluster, buildah: "/usr/bin/buildah", "docker.io": "/usr/sbin/dockerd" },
  argocd: { git: "/usr/bin/git", "redis-server": "/usr/bin/redis-server" },
  registry: { "docker-registry": "/usr/bin/docker-registry", skopeo: "/usr/bin/skopeo" },
  browser: {
    chromium: "/usr/bin/chromium",
    "fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
  },
  pip: { "python3-pip": "/usr/bin/pip3" },
} as const satisfies Record<string, Readonly<Record<string, string>>>;
type Purpose = keyof typeof packagesFor;

/** Debian's post-install scripts run this file before they start a service. Exit code 101 forbids the start. */
const POLICY = "/usr/sbin/policy-rc.d";

/** The packages of a purpose that are not installed. */
export function missingPackages(purpose: Purpose, exists: (file: string) => boolean = existsSync): string[] {
  return Object.entries(packagesFor[purpose]).flatMap(([name, file]) => (exists(file) ? [] : [name]));
}

/** Installs the missing packages. Without root or apt, throws an error that names them. */
export async function ensureDebianPackages(purpose: Purpose, progress: Progress): Promise<void> {
  const missing = missingPackages(purpose);
  if (missing.length === 0) return;
  const list = missing.join(" ");
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get"))
    throw new Error(`Debian packages are missing; run as root: apt-get install -y ${list}`);
  await progress.step(`Debian packages: ${list}`, async (tick) => {
    await apt(["update"], tick);
    await withoutServices(() => apt(["install", "-y", "--no-install-recommends", ...missing], tick));
  });
}

/** Installs pinned programs from PyPI into a folder. The hashes are those of wheels: pip builds nothing. */
export async function pipInstall(requirements: string, out: string, progress: Progress): Promise<void> {
  const pip = ["python3", "-m", "pip", "--disable-pip-version-check"];
  if (!(await succeeds([...pip, "--version"]))) await ensureDebianPackages("pip", progress);
  const quiet = ["--quiet", "--root-user-action", "ignore", "--no-compile", "--target", out];
  const pinned = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", requirements];
  await command([...pip, "install", ...quiet, ...pinned]);
}

function apt(args: readonly string[], onLine: (text: string) => void): Promise<string> {
  const options = ["-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold"];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  return command(["apt-get", ...options, ...args], { env, onLine });
}

/** Prevents the packages' own services of containerd, registry and redis: each cluster starts its own. */
async function withoutServices(install: () => Promise<unknown>): Promise<void> {
  const isAbsent = !existsSync(POLICY);
  if (isAbsent) await writeFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await install();
  } finally {
    if (isAbsent) await rm(POLICY, { force: true });
  }
}
