import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Config } from "../config.ts";

// tools/build.mjs puts the files' text in place of these calls, so that the bundle is one file.
const template = readFileSync(new URL("./page.html", import.meta.url), "utf8");
const style = readFileSync(new URL("./page.css", import.meta.url), "utf8");
const script = readFileSync(new URL("./page.js", import.meta.url), "utf8");

export interface Page {
  readonly html: string;
  /** Allows this very style and script, requests to the app itself, and nothing else. */
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
 * The page as one document, style and script included: during a rollout each request may reach another
 * version, and parts of two versions must not be mixed.
 */
export function renderPage({ version, pod }: Pick<Config, "version" | "pod">): Page {
  const parts: Record<string, string> = {
    style: `<style>${style}</style>`,
    script: `<script type="module">${script}</script>`,
    // Need no escaping: loadConfig lets through letters, digits and a few signs.
    version,
    pod,
  };
  return {
    html: template.replaceAll(/<!-- (\w+) -->/g, (comment, name: string) => parts[name] ?? comment),
    contentSecurityPolicy: policy,
  };
}
