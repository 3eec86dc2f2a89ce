import { command } from "../../tools/cluster/command.ts";

const script =
  "fetch(process.argv[1]).then(async (r) => process.stdout.write(`${r.status} ${await r.text()}`))";

/** Status and body of a GET request, as `200 ok`. `prefix` is a command line that enters a network namespace. */
export const httpGet = (prefix: readonly string[], url: string): Promise<string> =>
  command([...prefix, process.execPath, "--eval", script, url]);
