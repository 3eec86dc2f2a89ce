import { describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** A Dockerfile's instructions by stage, with continued lines joined. Key `""`: arguments before the first FROM. */
function stagesOf(file: string): Map<string, string[]> {
  const text = readFileSync(join(root, file), "utf8")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "");
  const stages = new Map<string, string[]>([["", []]]);
  let current = "";
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const from = /^FROM (?:--platform=\S+ )?(\S+)(?: AS (\S+))?$/.exec(line);
    if (from) stages.set((current = from[2] ?? "final"), []);
    stages.get(current)?.push(line);
  }
  return stages;
}

describe.each(["webapp", "operator"])("Dockerfile.%s", (program) => {
  const stages = stagesOf(`Dockerfile.${program}`);
  const final = stages.get("final") ?? [];
  const files = ["main.js", "main.spdx.json"].map((file) => `/src/dist/${program}/${file}`);

  test("base images: arguments whose public defaults are pinned by version, optionally by Renovate's digest", () => {
    const defaults = stages.get("")?.map((line) => /^ARG (\w+)=(\S+)$/.exec(line)?.slice(1) ?? []);
    const images = Object.fromEntries(defaults ?? []);
    expect(images.NODE_IMAGE).toMatch(
      /^docker\.io\/library\/node:24\.\d+\.\d+-\w+-slim(@sha256:[0-9a-f]{64})?$/,
    );
    expect(images.RUNTIME_IMAGE).toMatch(
      /^gcr\.io\/distroless\/nodejs24-debian12:nonroot(@sha256:[0-9a-f]{64})?$/,
    );
    expect(final[0]).toBe("FROM ${RUNTIME_IMAGE}");
  });

  test("the final stage: copies only the bundle and its SBOM, owned by the image's user, and runs it without a shell", () => {
    const copies = final.filter((line) => /^(COPY|ADD|RUN) /.test(line));
    expect(copies).toStrictEqual([`COPY --from=bundle --chown=65532:65532 ${files.join(" ")} ./`]);
    expect(final.at(-2)).toBe('ENTRYPOINT ["/nodejs/bin/node"]');
    expect(final.at(-1)).toMatch(/^CMD \[("--[\w=-]+", )*"\/app\/main\.js"\]$/);
  });

  test("the build stages: the bundle comes from npm run build, or from dist", () => {
    expect(stages.get("build")?.at(-1)).toBe(`RUN npm run build -- ${program}`);
    const prebuilt = files.map((file) => file.replace("/src/", "")).join(" ");
    expect(stages.get("prebuilt")?.at(-1)).toBe(`COPY ${prebuilt} /src/dist/${program}/`);
  });

  test("the final stage's labels: all OCI labels are set", () => {
    const labels = final.find((line) => line.startsWith("LABEL ")) ?? "";
    for (const name of ["title", "description", "licenses", "source", "version", "revision"])
      expect(labels).toContain(`org.opencontainers.image.${name}=`);
  });
});

test("the build stages of both images: install the packages in the same layers", () => {
  const installing = (program: string) => stagesOf(`Dockerfile.${program}`).get("build")?.slice(0, 5);
  expect(installing("webapp")).toStrictEqual(installing("operator"));
});

test.each(["Dockerfile.webapp", "Dockerfile.operator", "tools/demo/Dockerfile.broken"])(
  "%s: the final stage sets a numeric non-root user, independent of its base",
  (file) => {
    const users = [...stagesOf(file).values()].at(-1)?.filter((line) => line.startsWith("USER "));
    expect(users).toStrictEqual(["USER 65532:65532"]);
  },
);
