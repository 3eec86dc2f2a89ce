// `node tools/run.mjs <script.ts> [arguments]`: makes sure that the npm packages are there, then runs the
// script under Node 24. Plain JavaScript without imports from npm: it is what runs when nothing is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants } from "node:os";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const stamp = join(root, "node_modules/.cache/setup.sha256");
const packagedNode = join(root, "node_modules/.bin/node");
const neededMajor = 24;

// `npm ci` refuses a lock file without other systems' optional binaries, which some registries don't carry;
// this installs exactly the locked versions too and leaves the lock file alone.
const npmArguments = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];

const fail = (message) => {
  console.error(`\n  ✗ ${message}`);
  process.exit(1);
};

/** Installs the npm packages when package-lock.json is not the one that was installed last. */
function installPackages() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const startedAt = Date.now();
  console.error("  · installing npm packages (package-lock.json is new here) …");
  const { status, error } = spawnSync("npm", npmArguments, {
    cwd: root,
    // Standard output belongs to the script: a caller may read it (`eval "$(npm run -s cluster -- env)"`).
    stdio: ["ignore", 2, 2],
  });
  if (error) fail(`npm is needed to install the packages: ${error.message}`);
  if (status !== 0) fail(`npm install failed with exit code ${status}; its output is above`);
  mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
  writeFileSync(stamp, wanted);
  console.error(`  ✓ npm packages installed ${((Date.now() - startedAt) / 1000).toFixed(1)}s`);
}

/** Node 24 from the packages where there is one for this system, else the Node that runs this. */
function nodeBinary() {
  if (existsSync(packagedNode)) return packagedNode;
  if (Number(process.versions.node.split(".")[0]) >= neededMajor) return process.execPath;
  return fail(`Node ${neededMajor} or newer is needed on this system; this is ${process.version}`);
}

installPackages();
const child = spawn(nodeBinary(), process.argv.slice(2), {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` },
});
// The script cleans up after itself on both signals, so it has to get them and this has to wait for it.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
