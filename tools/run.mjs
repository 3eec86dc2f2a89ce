// `node tools/run.mjs <script.ts> [arguments]`: installs the npm packages if necessary, then runs the script with Node 24.
// Plain JavaScript without npm packages, because it runs before they are installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants } from "node:os";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const stamp = join(root, "node_modules/.cache/setup.sha256");
const packagedNode = join(root, "node_modules/.bin/node");
const requiredMajor = 24;

// Fails if package.json and package-lock.json disagree, or if a package has other content than the lock file's hash says.
const npmArguments = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];

const fail = (message) => {
  console.error(`\n  ✗ ${message}`);
  process.exit(1);
};

/** Installs the npm packages if package-lock.json has changed since the last installation. */
function installPackages() {
  const locked = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === locked) return;
  const startedAt = Date.now();
  console.error("  · installing npm packages (package-lock.json has changed) …");
  const { status, error } = spawnSync("npm", npmArguments, {
    cwd: root,
    // npm writes to stderr, because callers read the script's stdout: `eval "$(npm run -s cluster -- env)"`.
    stdio: ["ignore", 2, 2],
  });
  if (error) fail(`can't run npm to install the packages: ${error.message}`);
  if (status !== 0) fail(`npm ci failed with exit code ${status}; see the output above`);
  mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
  writeFileSync(stamp, locked);
  console.error(`  ✓ npm packages installed ${((Date.now() - startedAt) / 1000).toFixed(1)}s`);
}

/** Node 24 from the npm packages if they have one for this system, otherwise the Node that runs this script. */
function nodeBinary() {
  if (existsSync(packagedNode)) return packagedNode;
  if (Number(process.versions.node.split(".")[0]) >= requiredMajor) return process.execPath;
  return fail(`Node ${requiredMajor} or newer is required on this system; this is ${process.version}`);
}

installPackages();
const child = spawn(nodeBinary(), process.argv.slice(2), {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` },
});
// Forwards signals and waits: the script removes its clusters before it exits.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
