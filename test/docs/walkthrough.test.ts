import { expect, test } from "@jest/globals";
import { matches, steps, stepsIn } from "../support/walkthrough.ts";

test("every command of the page: run by a test, or marked with the reason why not", () => {
  const known = /^(run: (docker|argocd|argocd, fails)|not run: .{5,})$/;
  expect(steps.filter(({ mark }) => !known.test(mark))).toEqual([]);
  expect(steps.filter(({ mark }) => mark.startsWith("run: "))).toHaveLength(20);
});

test.each([
  "docker build",
  "docker run",
  "docker logs",
  "docker stop",
  "docker rm",
  "gh auth login",
  "gh auth status",
  "gh auth refresh -h github.com -s workflow",
  "gh repo create",
  "gh run list",
  "gh run view",
  "gh run watch",
  "k3d cluster create",
  "kubectl apply --server-side",
  "kubectl -n argocd get secret argocd-initial-admin-secret",
  "kubectl port-forward svc/argocd-server -n argocd 8082:443",
  "argocd login",
  "argocd app create",
  "argocd app get",
  "argocd app sync",
  "argocd app history",
  "argocd app rollback",
  "git revert",
])("the walk has its place for: %s", (command) => {
  expect(steps.filter((step) => step.command.startsWith(command)).length).toBeGreaterThan(0);
});

test("matches: an ellipsis is any text, and alone on a line any lines", () => {
  expect(matches("a 1\nb\nc\nd\n", "a …\n…\nd")).toBe(true);
  expect(matches("a  1\n", "a 1")).toBe(true);
  expect(matches("a 1\nb\n", "a …")).toBe(false);
  expect(matches("b\n", "a")).toBe(false);
});

test("stepsIn: a command over several lines, and one without output", () => {
  const text = "<!-- run: x -->\n\n```console\n$ a \\\n    b\nc\n$ d\n```\n";
  expect(stepsIn(text)).toEqual([
    { mark: "run: x", command: "a \\\n    b", output: "c" },
    { mark: "run: x", command: "d", output: "" },
  ]);
});
