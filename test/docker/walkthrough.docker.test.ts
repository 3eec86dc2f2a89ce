import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { command } from "../../tools/cluster/command.ts";
import { bundle } from "../../tools/images.ts";
import { matches, steps } from "../support/walkthrough.ts";
import { type Docker, baseArguments, startDocker } from "./docker.ts";

let docker: Docker;
let bases: readonly string[];

beforeAll(async () => {
  docker = await startDocker();
  bases = await baseArguments(docker);
  bundle("webapp");
});
afterAll(() => docker.stop());

test.each(steps.filter(({ mark }) => mark === "run: docker"))(
  "docs/walkthrough.md: $command",
  async ({ command: text, output }) => {
    const adapted = text.replace(/^docker build/, ["docker build", ...bases].join(" "));
    const printed = await command([...docker.prefix, "sh", "-c", adapted]);
    if (!matches(printed, output)) expect(printed).toBe(output);
  },
);
