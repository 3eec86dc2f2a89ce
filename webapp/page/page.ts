import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Config } from "../config.ts";

// tools/build.mjs replaces these calls with the files' content, so that the bundle is one file.
const template = readFileSync(new URL("./page.html", import.meta.url), "utf8");
const style = readFileSync(new URL("./page.css", import.meta.url), "utf8");
const script = readFileSync(new URL("./page.js", import.meta.url), "utf8");

export interface Page {
  readonly html: string;
  /** Allows the page's own style and script (by hash) and requests to the app, nothing else. */
  readonly contentSecurityPolicy: string;
}

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const policy = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(style)}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

/**
 * Renders the page as one document with style and script. During a rollout each request may reach another version, and
 * separate files could come from two versions.
 */
export function renderPage({ version, pod }: Pick<Config, "version" | "pod">): Page {
  const parts: Record<string, string> = {
    style: `<style>${style}</style>`,
    script: `<script type="module">${script}</script>`,
    // `version` and `pod` need no escaping: loadConfig allows only letters, digits and a few punctuation characters.
    version,
    pod,
  };
  return {
    html: template.replaceAll(/<!-- (\w+) -->/g, (comment, name: string) => parts[name] ?? comment),
    contentSecurityPolicy: policy,
  };
}
