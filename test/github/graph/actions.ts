/**
 * Stand-ins for the third-party actions of the workflows. act runs each as a JavaScript action. They check what the real
 * actions check where that is cheap: names of inputs, digests, and files. Calls that matter to GitHub are recorded.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeLayout } from "../../support/layout.ts";

type Inputs = Readonly<Record<string, string>>;

/** Folders of the rig, which rig.ts sets. */
export interface Places {
  /** The bare repository from which checkouts are made. */
  readonly origin: string;
  /** The artifacts of a run. */
  readonly store: string;
  /** The file to which calls are appended, one per line. */
  readonly log: string;
}

const places = (): Places => JSON.parse(process.env.RIG ?? "{}") as Places;
const record = (text: string): void => appendFileSync(places().log, `${text}\n`);

function require(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Error(problem);
}

const filesIn = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];

/** Checks out the commit of the run, or `ref`; all branches with `fetch-depth: 0`, otherwise one commit. */
function checkout({ ref = "", "fetch-depth": depth = "1" }: Inputs): void {
  const git = (...args: readonly string[]): unknown => execFileSync("git", args, { stdio: "inherit" });
  const commit = process.env.GITHUB_SHA ?? "";
  git("init", "--quiet", ".");
  git("remote", "add", "origin", `file://${places().origin}`);
  if (depth === "0") git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*");
  else git("fetch", "--quiet", `--depth=${depth}`, "origin", ref === "" ? commit : ref);
  if (ref === "") git("checkout", "--quiet", "--detach", commit);
  else git("checkout", "--quiet", "-B", ref, depth === "0" ? `origin/${ref}` : "FETCH_HEAD");
}

function upload({ name = "", path = "", "if-no-files-found": missing = "warn" }: Inputs): void {
  const target = join(places().store, name);
  require(!existsSync(target), `an artifact ${name} exists already`);
  if (filesIn(path).length === 0) return require(missing !== "error", `no files in ${path}`);
  cpSync(path, target, { recursive: true });
}

function download({ name = "", pattern = "", path = ".", "merge-multiple": merge = "false" }: Inputs): void {
  const { store } = places();
  require(name === "" || existsSync(join(store, name)), `there is no artifact ${name}`);
  const prefix = pattern.replace(/\*$/, "");
  const found =
    name === "" ? filesIn(store).filter((one) => !one.includes("/") && one.startsWith(prefix)) : [name];
  mkdirSync(path, { recursive: true });
  for (const one of found)
    cpSync(join(store, one), name === "" && merge !== "true" ? join(path, one) : path, { recursive: true });
}

function attest(inputs: Inputs): void {
  const { "subject-checksums": sums, "subject-digest": digest = "", "sbom-path": sbom } = inputs;
  if (sums === undefined) require(/^sha256:[0-9a-f]{64}$/.test(digest), `"${digest}" is not a digest`);
  for (const file of [sums, sbom]) require(file === undefined || existsSync(file), `${file} is missing`);
  record(`attest ${inputs["subject-name"] ?? sums}@${digest} ${sbom ?? "build"}`);
}

function buildImage({ outputs = "", file = "" }: Inputs): void {
  const [, folder = ""] = /^type=oci,dest=([^,]+),tar=false$/.exec(outputs) ?? [];
  require(folder !== "" && existsSync(file), `can't build ${file} to "${outputs}"`);
  // The build leaves the list of npm packages beside the bundle.
  writeLayout(resolve(folder), `${file} of ${process.env.GITHUB_SHA}`, { "main.spdx.json": "{}" });
}

function uploadSarif({ sarif_file: folder = "" }: Inputs): void {
  const found = filesIn(folder).filter((file) => file.endsWith(".sarif"));
  require(found.length > 0, `no SARIF files in ${folder}`);
  record(`upload-sarif ${found.toSorted().join(" ")}`);
}

const nothing = (): void => undefined;

/** Each action: the inputs that its action.yml declares and a workflow uses, and what its stand-in does. */
export const actions: Readonly<Record<string, readonly [inputs: string, run: (inputs: Inputs) => void]>> = {
  "actions/checkout": ["ref fetch-depth persist-credentials", checkout],
  "actions/setup-node": ["node-version package-manager-cache", nothing],
  "actions/setup-go": ["go-version-file cache", nothing],
  "actions/cache": ["path key", nothing],
  "actions/cache/restore": ["path key restore-keys", nothing],
  "actions/cache/save": ["path key", nothing],
  "actions/upload-artifact": ["name path if-no-files-found retention-days", upload],
  "actions/download-artifact": ["name pattern path merge-multiple", download],
  "actions/attest": [
    "subject-name subject-digest subject-checksums sbom-path push-to-registry create-storage-record",
    attest,
  ],
  "actions/dependency-review-action": ["fail-on-severity allow-licenses", () => record("dependency-review")],
  "helm/kind-action": ["version kubectl_version install_only ignore_failed_clean", nothing],
  "aquasecurity/setup-trivy": ["version", nothing],
  "github/codeql-action/upload-sarif": ["sarif_file category", uploadSarif],
  "docker/setup-buildx-action": ["cache-binary", nothing],
  "docker/build-push-action": ["context file platforms build-args outputs provenance sbom", buildImage],
  "docker/login-action": ["registry username password", ({ registry }) => record(`login ${registry}`)],
  "sigstore/cosign-installer": ["", nothing],
};

/**
 * Runs the stand-in of an action, with the inputs that the runner passes in the environment. The main.ts of each stand-in,
 * which rig.ts writes, calls this function.
 * @public
 */
export function runAction(name: string): void {
  const [declared = "", run = nothing] = actions[name] ?? [];
  const given = Object.entries(process.env).flatMap(([key, value = ""]) =>
    key.startsWith("INPUT_") && value !== ""
      ? [[key.slice("INPUT_".length).toLowerCase(), value] as const]
      : [],
  );
  const unknown = given.map(([key]) => key).filter((key) => !declared.split(" ").includes(key));
  require(unknown.length === 0, `${name} has no input ${unknown.join(", ")}`);
  run(Object.fromEntries(given));
}
