import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";
import { command } from "../../tools/cluster/command.ts";

const DEBIAN = "/usr/bin/chromium";
/** Debian's, or what GitHub's runners have. */
const CHROMIUM = [DEBIAN, "/usr/bin/google-chrome"].find((file) => existsSync(file)) ?? DEBIAN;
const PACKAGES = ["chromium", "fonts-dejavu-core"];

/** Nothing but the page under test: no sandbox (tests run as root), no telephoning home, no QUIC. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Debian's Chromium without a window; installs it where it is missing, or says what to install. */
export async function launchChromium(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) await install();
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: flags });
}

async function install(): Promise<void> {
  const list = PACKAGES.join(" ");
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get"))
    throw new Error(`the page's tests need ${CHROMIUM}; run as root: apt-get install -y ${list}`);
  // jest would put a stack around a line on the console.
  process.stderr.write(`  · Debian packages: ${list} (once, about a minute) …\n`);
  const apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await command([...apt, "update"], { env });
  await command([...apt, "install", "-y", "--no-install-recommends", ...PACKAGES], { env });
}
