import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { chmod, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command, until } from "../../tools/cluster/command.ts";
import { kubeconfigOf } from "../../tools/cluster/kubeconfig.ts";
import { bundle } from "../../tools/images.ts";
import { httpGet } from "../support/http.ts";
import { type Docker, baseArguments, startDocker } from "./docker.ts";

interface Inspected {
  readonly Config: {
    readonly User: string;
    readonly ExposedPorts?: object;
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly Size: number;
}

let docker: Docker;
let bases: readonly string[];

/** Builds the image of a program, as docs/webapp.md describes. */
function build(program: string, version: string): Promise<string> {
  const named = `build --quiet --file Dockerfile.${program} --tag ${program}:${version}`;
  return docker.run(...named.split(" "), "--build-arg", `VERSION=${version}`, ...bases, ".");
}
const inspect = async (image: string): Promise<Inspected> => {
  const [found] = JSON.parse(await docker.run("image", "inspect", image)) as [Inspected];
  return found;
};

beforeAll(async () => {
  docker = await startDocker();
  bases = await baseArguments(docker);
  for (const program of ["operator", "webapp"] as const) {
    bundle(program);
    await build(program, "1.4.0");
    await build(program, "9.9.9");
  }
});
afterAll(() => docker.stop());

test.each(["operator", "webapp"])(
  "the image of the %s: a numeric non-root user, and its version",
  async (program) => {
    const { Config } = await inspect(`${program}:1.4.0`);
    expect(Config.User).toBe("65532:65532");
    expect(Config.Labels["org.opencontainers.image.version"]).toBe("1.4.0");
    if (program === "webapp") expect(Config.ExposedPorts).toEqual({ "8080/tcp": {} });
  },
);

test.each(["operator", "webapp"])(
  "two versions of the %s: the same layers, so that a node pulls no layer twice",
  async (program) => {
    const [first, second] = [await inspect(`${program}:1.4.0`), await inspect(`${program}:9.9.9`)];
    expect(second.RootFS.Layers).toEqual(first.RootFS.Layers);
  },
);

/** Runs an image as an arbitrary user, with a read-only root and no capability. Returns the container. */
const start = async (image: string, ...args: readonly string[]): Promise<string> => {
  const limits = [
    "--read-only",
    "--user",
    "12345",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
  ];
  return (await docker.run("run", "--detach", ...limits, ...args, image)).trim();
};

/** What a container has printed, to both outputs. */
const logsOf = (container: string): Promise<string> =>
  command([...docker.prefix, "sh", "-c", `docker logs ${container} 2>&1`]);

describe("run as an arbitrary user, with a read-only root and without capabilities", () => {
  test("the web app: serves on the published port, logs, and exits with 0 within seconds", async () => {
    const container = await start("webapp:1.4.0", "--publish", "8085:8080");
    const get = (path: string): Promise<string> => httpGet(docker.prefix, `http://localhost:8085${path}`);
    expect(await until("the app responds", 20_000, () => get("/health"))).toBe('200 {"status":"healthy"}');
    expect(await get("/")).toBe('200 {"message":"Hello from SRE Demo App!","version":"1.4.0"}');
    expect(await docker.run("logs", container)).toContain("listening");
    await docker.run("stop", "--time", "20", container);
    expect(await docker.run("inspect", "--format", "{{.State.ExitCode}}", container)).toBe("0\n");
    await docker.run("rm", container);
  });

  test("the operator, without a cluster: says so, and exits with 2", async () => {
    const container = await start("operator:1.4.0");
    expect(await docker.run("wait", container)).toBe("2\n");
    expect(await logsOf(container)).toContain("no kubeconfig and no service account");
    await docker.run("rm", container);
  });

  test("the operator, without an API server: says what it can't reach, and exits with 0 on SIGTERM", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "demoapp-docker-"));
    await chmod(folder.path, 0o755);
    const cluster = { server: "http://127.0.0.1:1" };
    await writeFile(join(folder.path, "config"), kubeconfigOf(cluster), { mode: 0o644 });
    const mount = ["--volume", `${folder.path}:/kube:ro`, "--env", "KUBECONFIG=/kube/config"];
    const container = await start("operator:1.4.0", ...mount);
    const failing = async (): Promise<true | undefined> =>
      (await logsOf(container)).includes("list or watch failed, retrying") ? true : undefined;
    await until("the operator reports the missing API server", 20_000, failing);
    await docker.run("stop", "--time", "20", container);
    expect(await docker.run("inspect", "--format", "{{.State.ExitCode}}", container)).toBe("0\n");
    await docker.run("rm", container);
  });
});
