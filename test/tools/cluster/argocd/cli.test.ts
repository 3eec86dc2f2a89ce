import { expect, test } from "@jest/globals";
import { patiently } from "../../../../tools/cluster/argocd/cli.ts";

const tooQuick = 'error getting RBAC configmap "argocd-rbac-cm": context canceled';

test("a command that was too quick for its own server is run again", async () => {
  const answers = [tooQuick, tooQuick, undefined];
  const run = async (): Promise<string> => {
    const failure = answers.shift();
    if (failure !== undefined) throw new Error(`argocd app get: exit 20\n  ${failure}`);
    return "Synced";
  };
  await expect(patiently(run)).resolves.toBe("Synced");
});

test("any other failure is told at once, and the known one in the end", async () => {
  let runs = 0;
  const failing = (words: string) => (): Promise<string> => {
    runs += 1;
    return Promise.reject(new Error(words));
  };
  await expect(patiently(failing("no such app"))).rejects.toThrow("no such app");
  expect(runs).toBe(1);
  await expect(patiently(failing(tooQuick))).rejects.toThrow("context canceled");
  expect(runs).toBe(6);
});
