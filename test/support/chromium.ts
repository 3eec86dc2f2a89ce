import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";
import { ensureDebianPackages } from "../../tools/cluster/embedded/debian.ts";
import { consoleProgress } from "../../tools/cluster/progress.ts";

/** GitHub's runners have Chrome; other machines get Debian's Chromium. */
const CHROME = "/usr/bin/google-chrome";

/** Limits the browser to the page under test. Without a sandbox, because tests run as root. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts a headless browser. Installs Chromium if there is none. */
export async function launchChromium(): Promise<Browser> {
  const hasChrome = existsSync(CHROME);
  if (!hasChrome) await ensureDebianPackages("browser", consoleProgress());
  const executablePath = hasChrome ? CHROME : "/usr/bin/chromium";
  return chromium.launch({ executablePath, headless: true, args: flags });
}
