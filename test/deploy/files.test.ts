import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse, parseAllDocuments } from "yaml";
import { annotations } from "../../operator/api/names.ts";
import { demoAppStatus } from "../../operator/api/schema.ts";
import { validate } from "../../operator/api/validate.ts";
import { environments } from "../../tools/promote.ts";
import { registry } from "../support/fork.ts";
import { unlistedFilesIn } from "../support/overlays.ts";

const deploy = join(import.meta.dirname, "../../deploy");
const customizations = join(deploy, "argocd/resource_customizations");
const read = (...path: readonly string[]): string => readFileSync(join(...path), "utf8");
const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

interface Stored {
  readonly kind?: string;
  readonly metadata?: { readonly name: string };
  readonly status?: object;
}

describe("deploy/", () => {
  // Argo CD's own manifests have Secrets without values.
  const files = filesOf(deploy).filter((file) => file.endsWith(".yaml") && !file.endsWith("/argo-cd.yaml"));

  test("contains no Secret", () => {
    const secrets = files.filter((file) =>
      parseAllDocuments(read(file)).some((document) => (document.toJS() as Stored | null)?.kind === "Secret"),
    );
    expect(files.length).toBeGreaterThan(20);
    expect(secrets).toEqual([]);
  });
});

describe("deploy/webapp/overlays", () => {
  test("has a folder for each environment of the promotion order, and no other", () => {
    expect(readdirSync(join(deploy, "webapp/overlays")).toSorted()).toEqual([...environments].toSorted());
  });

  test.each(environments.map((environment) => ({ environment })))(
    "$environment: generates a ConfigMap from all its files, so that Argo CD notices every change",
    ({ environment }) => {
      expect(unlistedFilesIn(join(deploy, "webapp/overlays", environment))).toEqual([]);
    },
  );

  test.each(environments.map((environment) => ({ environment })))(
    "$environment: names its image in one line, by tag and digest",
    ({ environment }) => {
      const lines = filesOf(join(deploy, "webapp/overlays", environment)).flatMap((file) =>
        read(file)
          .split("\n")
          .filter((line) => line.includes("image:"))
          .map((line) => `${basename(file)}:${line}`),
      );
      expect(lines).toEqual([
        expect.stringMatching(
          // The tag is a version, or after a promotion by CI the commit that was built.
          new RegExp(`^demoapp\\.yaml:  image: ${registry}/demoapp-webapp:\\w[\\w.-]*@sha256:[0-9a-f]{64}$`),
        ),
      ]);
    },
  );
});

describe("the Lua of deploy/argocd", () => {
  const scripts = filesOf(customizations).filter((file) => file.endsWith(".lua"));

  test("the health check of DemoApp: has less than 25 lines", () => {
    const lines = read(customizations, "demoapp.dev/DemoApp/health.lua").trimEnd().split("\n");
    expect(lines.length).toBeLessThan(25);
  });

  test("uses only annotations that the operator knows, and promote, which is reserved for canary rollouts", () => {
    const written = scripts.flatMap((file) => read(file).match(/demoapp\.dev\/[a-z-]+/g) ?? []);
    const known: readonly string[] = [...Object.values(annotations), "demoapp.dev/promote"];
    expect(new Set(written)).toEqual(new Set(known.filter((name) => written.includes(name))));
    expect(written).toContain(annotations.retry);
  });

  const samples = filesOf(join(customizations, "demoapp.dev/DemoApp")).filter((file) =>
    file.includes("/testdata/"),
  );
  test.each(samples.map((file) => ({ file, name: file.slice(customizations.length + 1) })))(
    "sample $name: valid, except for the spec of invalid_spec.yaml",
    ({ file, name }) => {
      const { status = {}, ...manifest } = parse(read(file)) as Stored;
      expect(validate(manifest).ok).toBe(basename(name) !== "invalid_spec.yaml");
      expect(demoAppStatus.strict().safeParse(status).error).toBeUndefined();
    },
  );
});
