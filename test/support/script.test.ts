import { expect, test } from "@jest/globals";
import { runScript, withoutGitHub } from "./script.ts";

test("tests run on GitHub: a script gets no variable of that run, but those of its test", async () => {
  process.env.GITHUB_REPOSITORY = "acme/real";
  process.env.RUNNER_TEMP = "/nowhere";
  try {
    expect(withoutGitHub()).toMatchObject({ GITHUB_REPOSITORY: undefined, RUNNER_TEMP: undefined });
    const refused = runScript("tools/ci/status.ts");
    await expect(refused).rejects.toThrow("the environment variable GITHUB_REPOSITORY is required");
    const further = runScript("tools/ci/status.ts", { env: { GITHUB_REPOSITORY: "acme/test" } });
    await expect(further).rejects.toThrow("the environment variable GITHUB_SERVER_URL is required");
  } finally {
    delete process.env.GITHUB_REPOSITORY;
    delete process.env.RUNNER_TEMP;
  }
});
