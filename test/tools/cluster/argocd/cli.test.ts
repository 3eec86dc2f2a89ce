import { expect, test } from "@jest/globals";
import { retryTransient } from "../../../../tools/cluster/argocd/cli.ts";

const startupRace = 'error getting RBAC configmap "argocd-rbac-cm": context canceled';

test("argocd ends before its own API server has started: the command is retried", async () => {
  const answers = [startupRace, startupRace, undefined];
  const run = async (): Promise<string> => {
    const failure = answers.shift();
    if (failure !== undefined) throw new Error(`argocd app get: exit 20\n  ${failure}`);
    return "Synced";
  };
  await expect(retryTransient(run)).resolves.toBe("Synced");
});

test("another error: not retried; the same race five times: the error is thrown", async () => {
  let runs = 0;
  const failing = (message: string) => (): Promise<string> => {
    runs += 1;
    return Promise.reject(new Error(message));
  };
  await expect(retryTransient(failing("no such app"))).rejects.toThrow("no such app");
  expect(runs).toBe(1);
  await expect(retryTransient(failing(startupRace))).rejects.toThrow("context canceled");
  expect(runs).toBe(6);
});
