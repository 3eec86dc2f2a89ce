import { describe, expect, test } from "@jest/globals";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { jobOf, jobs, root, workflow, workflows } from "../github/workflow.ts";

const read = (file: string): string => readFileSync(join(root, file), "utf8");
const page = read("docs/first-day.md");

/** The commands of the page, each as one line. */
const commands = [...page.matchAll(/^```console\n([^]*?)^```$/gm)].flatMap(([, block = ""]) =>
  block
    .split(/^\$ /m)
    .filter(Boolean)
    .map((command) => command.replaceAll(/\\?\n\s*/g, " ").trim()),
);

const inputsOf = (file: string): Readonly<Record<string, { readonly options?: readonly string[] }>> => {
  const { on } = workflow(file);
  if (!("workflow_dispatch" in on)) throw new Error(`${file} can't be started by hand`);
  return (on.workflow_dispatch as { inputs?: Record<string, object> } | null)?.inputs ?? {};
};

describe("docs/first-day.md", () => {
  test("names every workflow that something else than a workflow starts", () => {
    const files = workflows.filter(({ on }) => Object.keys(on).some((key) => key !== "workflow_call"));
    expect(files.map(({ file }) => file).filter((file) => !page.includes(file))).toEqual([]);
  });

  test("names every variable of the repository, and no workflow needs a secret that it doesn't name", () => {
    const used = workflows.flatMap(({ text }) => [...text.matchAll(/\b(?:vars|secrets)\.(\w+)/g)]);
    const names = new Set(used.map(([, name = ""]) => name));
    expect([...names]).toContain("ADVANCED_SECURITY");
    expect([...names].filter((name) => !page.includes(name))).toEqual([]);
  });

  test("creates every environment that a job uses, and restricts it", () => {
    const used = jobs.flatMap(({ path, job }) => {
      const name = job.environment?.name ?? "";
      const [, input] = /inputs\.(\w+)/.exec(name) ?? [];
      const [file = ""] = path.split(" ");
      return input === undefined ? [name] : (inputsOf(file)[input]?.options ?? []);
    });
    const names = new Set(used.filter(Boolean));
    const create = commands.filter((command) => /-X PUT \S+\/environments\//.test(command)).join();
    const restrict = commands.filter((command) => command.includes("deployment-branch-policies")).join();
    expect([...names].toSorted()).toEqual(["dev", "prod", "release", "staging"]);
    for (const name of names) {
      expect(create).toMatch(new RegExp(`\\b${name}\\b`));
      expect(restrict).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  test("every npm script exists", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: object };
    const used = [...page.matchAll(/\bnpm run ([\w-]+)/g)].map(([, name = ""]) => name);
    expect(used).toEqual(expect.arrayContaining(["fork", "release"]));
    expect(used.filter((name) => !(name in scripts))).toEqual([]);
  });

  const starts = commands
    .filter((command) => command.startsWith("gh workflow run "))
    .map((command) => command.split(" #")[0]?.trim());
  test.each(starts)("%s: the workflow has these inputs", (command = "") => {
    const inputs = inputsOf(/run (\S+)/.exec(command)?.[1] ?? "");
    for (const [, name = "", value = ""] of command.matchAll(/ -f (\w+)=(\S+)/g)) {
      expect(Object.keys(inputs)).toContain(name);
      expect(inputs[name]?.options ?? [value]).toContain(value);
    }
  });

  test("the rulesets: main requires the check that ci.yaml reports", () => {
    const files = globSync(".github/rulesets/*.json", { cwd: root });
    expect(files.length).toBeGreaterThan(1);
    const required = files.flatMap((file) =>
      [...read(file).matchAll(/"context": "(.+?)"/g)].map(([, name]) => name),
    );
    expect(required).toEqual([jobOf("ci.yaml", "ci-ok").name]);
    expect(commands.join("\n")).toContain(".github/rulesets/*.json");
  });
});
