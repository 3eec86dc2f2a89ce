// `node tools/build.mjs [webapp|operator]`: bundles a program, or both, with its npm packages into dist/<name>/main.js for
// Node 24, and lists these packages in dist/<name>/main.spdx.json. The same sources and lock file give the same bytes.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const programs = ["operator", "webapp"];

/** Replaces `readFileSync(new URL("./file", import.meta.url), "utf8")` with the text of the file. */
const inlineFiles = {
  name: "inline-files",
  setup({ onLoad }) {
    const call = /readFileSync\(new URL\("(\.[^"]+)", import\.meta\.url\), "utf8"\)/g;
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const named = [...source.matchAll(call)].map(([, file]) => join(dirname(path), file));
      const texts = new Map(
        await Promise.all(named.map(async (file) => [file, await readFile(file, "utf8")])),
      );
      const contents = source.replaceAll(call, (_, file) =>
        JSON.stringify(texts.get(join(dirname(path), file))),
      );
      return { contents, loader: "ts" };
    });
  },
};

const clientNode = join(root, "node_modules/@kubernetes/client-node/dist");
/**
 * Replacements for modules that the operator doesn't use: the generated API of the Kubernetes client (15 MB of code, 40 MB
 * of memory in each pod) and the HTTP client of @dot-i/k8s-operator. The base class of that package creates API objects,
 * but operator/runtime/operator.ts overrides every method that uses them.
 */
const replacements = {
  "@kubernetes/client-node": `
    export { KubeConfig } from "./config.js";
    export { load as loadYaml } from "js-yaml";
    export class CoreV1Api {}
    export class ApiextensionsV1Api {}
    export class Watch {}`,
  "./gen/index.js": `
    export { createConfiguration } from "./gen/configuration.js";
    export { ServerConfiguration } from "./gen/servers.js";`,
  gaxios: "export const instance = {};",
};

const replaceUnused = {
  name: "replace-unused",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(@kubernetes\/client-node|\.\/gen\/index\.js|gaxios)$/ }, ({ path }) => ({
      path,
      namespace: "replacement",
    }));
    onLoad({ filter: /./, namespace: "replacement" }, ({ path }) => ({
      contents: replacements[path],
      resolveDir: clientNode,
    }));
  },
};

/**
 * The npm packages with code in a bundle, as an SBOM in the format SPDX 2.3. Images contain it beside the bundle, so that
 * scanners find the packages.
 */
async function sbomOf(program, files) {
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  const packages = [...folders]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((folder) => {
      const { version, license = "NOASSERTION" } = lock.packages[folder];
      const name = folder.replace(/^.*node_modules\//, "");
      const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
      return {
        SPDXID: `SPDXRef-${folder.replaceAll(/[^A-Za-z0-9.-]/g, "-")}`,
        name,
        versionInfo: version,
        licenseDeclared: license,
        downloadLocation: "NOASSERTION",
        filesAnalyzed: false,
        externalRefs: [
          { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl },
        ],
      };
    });
  const hash = createHash("sha256").update(JSON.stringify(packages)).digest("hex");
  const SPDXID = "SPDXRef-DOCUMENT";
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID,
    name: program,
    documentNamespace: `https://demoapp.dev/sbom/${program}/${hash}`,
    // Required. The time of the build would change the bytes.
    creationInfo: { created: "2000-01-01T00:00:00Z", creators: ["Tool: demoapp-operator/tools/build.mjs"] },
    packages,
    relationships: packages.map((one) => ({
      spdxElementId: SPDXID,
      relationshipType: "DESCRIBES",
      relatedSpdxElement: one.SPDXID,
    })),
  };
}

/**
 * Escapes the characters that esbuild keeps in license comments. V8 stores a source with one such character in two
 * bytes per character, in each pod.
 */
const toAscii = (source) =>
  source.replaceAll(/\P{ASCII}/gu, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);

/** Writes a file below dist/. Atomic: another process may be building an image from the file. */
async function writeDist(file, contents) {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, contents);
  await rename(temporary, file);
}

async function bundle(program) {
  const outfile = join(root, "dist", program, "main.js");
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(program, "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    // CommonJS packages load Node's modules with require, which an ES module lacks.
    banner: {
      js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);',
    },
    // Each pod holds the source in memory: whitespace is removed. Names and short lines are kept, so that a stack trace in a
    // log is readable without a source map, which would be as big as the program.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: "eof",
    // Instead of tsconfig.json, which an image build then doesn't need to copy.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    logLevel: "warning",
    write: false,
    metafile: true,
    plugins: [inlineFiles, replaceUnused],
  });
  const contents = toAscii(outputFiles[0].text);
  await writeDist(outfile, contents);
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const files = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
  await writeDist(
    join(root, "dist", program, "main.spdx.json"),
    JSON.stringify(await sbomOf(program, files)),
  );
  console.log(`  ✓ dist/${program}/main.js ${Math.ceil(contents.length / 1024)} KiB`);
}

const named = process.argv.slice(2);
const unknown = named.filter((name) => !programs.includes(name) || !existsSync(join(root, name, "main.ts")));
if (unknown.length > 0) {
  console.error(`  ✗ no such program: ${unknown.join(", ")}; the programs are ${programs.join(" and ")}`);
  process.exit(1);
}
for (const program of named.length > 0 ? named : programs) await bundle(program);
