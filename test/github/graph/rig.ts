/**
 * Runs the workflows with act: a copy of this tree as a repository, a bare repository as its origin, stand-ins for
 * third-party actions, and stubs for programs that need GitHub or a registry. The scripts of the workflows are real.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ensureAct } from "../../../tools/checkers/install.ts";
import { gitEnvironment } from "../../../tools/gitops/repository.ts";
import { consoleProgress } from "../../../tools/cluster/progress.ts";
import { fileOf, imageIn, withImage } from "../../../tools/promote.ts";
import { registry, repository } from "../../support/fork.ts";
import { withoutGitHub } from "../../support/script.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { copyTree } from "../../support/tree.ts";
import { workflows } from "../workflow.ts";
import { type Places, actions } from "./actions.ts";

const [owner, name] = repository.split("/");
const digest = `sha256:${"a1".repeat(32)}`;

/** What a run did. */
export interface Run {
  /** The result of each job that ran, by its key; with the key of the calling job, as in `webapp/push`. */
  readonly results: Readonly<Record<string, string>>;
  /** Calls of stubs and stand-ins, in order. */
  readonly calls: readonly string[];
  readonly output: string;
}

/** How a run differs from one in which everything succeeds. */
interface Circumstances {
  readonly private?: boolean;
  /** The end of the npm command that fails, such as `e2e`. */
  readonly failing?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** GitHub's answer about the newest deployment: its state. */
  readonly deployed?: { readonly commit: string; readonly state: string };
}

export class Rig {
  readonly #folder = mkdtempSync(join(tmpdir(), "graph-"));
  readonly #clone = join(this.#folder, "clone");
  readonly #origin = join(this.#folder, "origin.git");

  /** Creates the repository: its main has this tree, and dev runs a web app that was built from it. */
  constructor() {
    copyTree(this.#clone);
    // act 0.2.89 doesn't know this key (nektos/act#6086).
    const promote = join(this.#clone, ".github/workflows/promote.yaml");
    const release = join(this.#clone, ".github/workflows/release.yaml");
    for (const file of [promote, release])
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(/^ +deployment: false\n/gm, ""));
    execFileSync("git", ["init", "--quiet", "--bare", "-b", "main", this.#origin]);
    this.git("init", "--quiet", "-b", "main");
    // act reads the owner and the name from the URL; pushes go to this disk.
    this.git("remote", "add", "origin", `https://github.com/${repository}.git`);
    this.git("remote", "set-url", "--push", "origin", `file://${this.#origin}`);
    const built = this.commit({});
    this.commit({ [fileOf("dev")]: withImage(this.read(fileOf("dev")), this.imageOf(built)) });
  }

  git(...args: readonly string[]): string {
    const options = {
      cwd: this.#clone,
      encoding: "utf8",
      env: { ...process.env, ...gitEnvironment },
    } as const;
    return execFileSync("git", args, { ...options, stdio: ["ignore", "pipe", "pipe"] }).trim();
  }

  read = (file: string): string => readFileSync(join(this.#clone, file), "utf8");

  /** The web app's image of a commit. */
  imageOf = (commit: string): string => `${registry}/demoapp-webapp:${commit}@${digest}`;

  /** Commits files to the current branch and pushes it. Returns the commit. */
  commit(files: Readonly<Record<string, string>>): string {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(this.#clone, file), text);
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", Object.keys(files).join(" ") || "first");
    this.git("push", "--quiet", "origin", "HEAD");
    return this.git("rev-parse", "HEAD");
  }

  /** What a branch of origin changes in main, as `git diff` prints it with these options. */
  diff(branch: string, ...options: readonly string[]): string {
    const diff = ["-C", this.#origin, "diff", ...options, `main...${branch}`];
    return execFileSync("git", diff, { encoding: "utf8" }).trim();
  }

  /** The image that an environment's file names on a branch of origin. */
  imageOn(branch: string, environment: "dev" | "staging"): string {
    const show = ["-C", this.#origin, "show", `${branch}:${fileOf(environment)}`];
    return imageIn(execFileSync("git", show, { encoding: "utf8" }));
  }

  /** Runs the pull request of a branch, which must be checked out, from the repository `head`. */
  pullRequest(branch: string, head = repository, circumstances: Circumstances = {}): Promise<Run> {
    const sha = (ref: string): string => this.git("rev-parse", ref);
    const named = (ref: string, fullName: string) => ({ ref, sha: sha(ref), repo: { full_name: fullName } });
    const payload = {
      number: 7,
      pull_request: { number: 7, head: named(branch, head), base: named("main", repository) },
    };
    return this.#run("pull_request", payload, circumstances);
  }

  /** Runs a push to main that added the newest commit. */
  push(circumstances: Circumstances = {}): Promise<Run> {
    const [after, before] = [this.git("rev-parse", "HEAD"), this.git("rev-parse", "HEAD~1")];
    return this.#run("push", { ref: "refs/heads/main", before, after }, circumstances);
  }

  /** Runs a push of a tag of the newest commit. */
  tag(name: string): Promise<Run> {
    this.git("tag", name);
    this.git("push", "--quiet", "origin", name);
    const payload = { ref: `refs/tags/${name}`, after: this.git("rev-parse", "HEAD") };
    return this.#run("push", payload, { file: "release.yaml" });
  }

  /** Starts a workflow by hand on the current branch. */
  dispatch(
    file: string,
    inputs: Readonly<Record<string, string>>,
    circumstances: Circumstances = {},
  ): Promise<Run> {
    const ref = `refs/heads/${this.git("branch", "--show-current")}`;
    return this.#run("workflow_dispatch", { ref, inputs }, { ...circumstances, file });
  }

  async #run(
    event: string,
    payload: object,
    options: Circumstances & { readonly file?: string },
  ): Promise<Run> {
    const { file = "ci.yaml", ...circumstances } = options;
    const act = await ensureAct(consoleProgress());
    const folder = mkdtempSync(join(this.#folder, "run-"));
    const stubs = new StubPrograms(answers(join(this.#folder, "registry"), circumstances));
    const rig: Places = { origin: this.#origin, store: join(folder, "store"), log: stubs.log };
    mkdirSync(rig.store);
    const details = {
      name,
      full_name: repository,
      owner: { login: owner },
      default_branch: "main",
      private: circumstances.private ?? false,
    };
    writeFileSync(join(folder, "event.json"), JSON.stringify({ repository: details, ...payload }));
    const flags = { RIG: JSON.stringify(rig), GITHUB_ACTOR: "someone" };
    const fixed =
      "--json --platform ubuntu-24.04=-self-hosted --no-skip-checkout --concurrent-jobs 2 --no-cache-server " +
      "--cache-server-addr 127.0.0.1 --action-offline-mode --secret GITHUB_TOKEN=fake --actor someone";
    const variables = Object.entries(circumstances.variables ?? {}).map(([key, value]) => `${key}=${value}`);
    const argv = [
      event,
      ...fixed.split(" "),
      `--eventpath=${join(folder, "event.json")}`,
      `--workflows=.github/workflows/${file}`,
      ...Object.entries(flags).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
      ...variables.flatMap((variable) => ["--var", variable]),
      ...standIns(join(folder, "actions")),
    ];
    const PATH = `${stubs.folder}:${dirname(process.execPath)}:${process.env.PATH}`;
    const env = { ...process.env, ...withoutGitHub(), ...gitEnvironment };
    const own = { PATH, HOME: folder, XDG_CACHE_HOME: folder, ACT_DISABLE_VERSION_CHECK: "1" };
    const output = await new Promise<string>((done) => {
      const options = { cwd: this.#clone, env: { ...env, ...own }, maxBuffer: 1e8 };
      execFile(act, argv, options, (_, stdout, stderr) => done(stdout + stderr));
    });
    const run = { results: resultsIn(output), calls: stubs.calls(), output };
    stubs.remove();
    rmSync(folder, { recursive: true });
    return run;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** Writes an action for each third-party action of the workflows. Returns act's options that use them instead. */
function standIns(folder: string): readonly string[] {
  const uses = workflows.flatMap(({ text }) => [...text.matchAll(/uses: ([\w-]+\/[\w./-]+@[0-9a-f]{40})/g)]);
  return [...new Set(uses.map(([, use = ""]) => use))].flatMap((use) => {
    const [path = "", commit = ""] = use.split("@");
    const [owner = "", name = ""] = path.split("/");
    if (actions[path] === undefined) return [];
    const target = join(folder, path);
    mkdirSync(target, { recursive: true });
    writeFileSync(
      join(target, "action.yml"),
      `name: ${name}\ndescription: a stand-in\nruns: { using: node24, main: main.ts }\n`,
    );
    const module = JSON.stringify(join(import.meta.dirname, "actions.ts"));
    writeFileSync(
      join(target, "main.ts"),
      `import { runAction } from ${module};\nrunAction(${JSON.stringify(path)});\n`,
    );
    return ["--local-repository", `${owner}/${name}@${commit}=${join(folder, owner, name)}`];
  });
}

/** The results of jobs in act's log of JSON lines. A job with a matrix fails if one of its jobs fails. */
function resultsIn(output: string): Readonly<Record<string, string>> {
  const results: Record<string, string> = {};
  for (const line of output.split("\n").filter((one) => one.startsWith("{"))) {
    const { jobID = "", job = "", jobResult } = JSON.parse(line) as Record<string, string>;
    // "CI/Lint", or "webapp/Image/Build" if the job webapp calls a workflow.
    const [first = "", ...others] = job.split("/");
    const key = others.length > 1 ? `${first}/${jobID}` : jobID;
    if (jobResult !== undefined && results[key] !== "failure") results[key] = jobResult;
  }
  return results;
}

/** What the stubs answer. `registry` is a folder: the manifests by digest, and the digests of tags. */
function answers(registry: string, { failing, deployed }: Circumstances): Readonly<Record<string, string>> {
  mkdirSync(registry, { recursive: true });
  const creator = { login: "argocd[bot]", type: "Bot" };
  const sent = (answer: unknown): string => `echo '${JSON.stringify(answer)}'`;
  return {
    sudo: 'while case "$1" in --*) true;; *) false;; esac; do shift; done; exec "$@"',
    npm: `case "$*" in
      *"${failing ?? "no failure"}") exit 1;;
      *install-yaml*) mkdir -p dist; echo "$*" >dist/install.yaml;;
      *bench*) mkdir -p artifacts; for last; do :; done; ${sent({ rounds: [] })} >"$last";;
    esac`,
    trivy: `while [ $# -gt 0 ]; do case "$1" in --output) out=$2;; esac; shift; done
      [ -z "$out" ] || ${sent({ version: "2.1.0", runs: [{ tool: { driver: { name: "Trivy" } }, results: [] }] })} >"$out"`,
    cosign: "exit 0",
    skopeo: `cd "${registry}"; for last; do :; done; name=$(echo "$last" | tr /: __)
      case "$1 $last" in
        "inspect "*@*) cat "\${last##*@sha256:}";;
        inspect*) [ -e "$name" ] || { echo manifest unknown >&2; exit 1; }; cat "$(cat "$name")";;
        *@*) for one; do case "$one" in oci:*) cp "\${one#oci:}"/blobs/sha256/* .;; esac; done;;
        *) for one; do case "$one" in docker://*@sha256:*) echo "\${one##*@sha256:}" >"$name";; esac; done;;
      esac`,
    gh: `case "$*" in
      *check-runs*) ${sent({ check_runs: [{ conclusion: "success", app: { slug: "github-actions" } }] })};;
      *deployments/1/statuses*) ${sent([{ state: deployed?.state, creator }])};;
      *deployments?*) ${sent(deployed === undefined ? [] : [{ id: 1, sha: deployed.commit, creator }])};;
    esac`,
  };
}
