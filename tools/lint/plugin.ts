/** Lint rules of this project that oxlint lacks. `.oxlintrc.json` enables them. */
import { dirname, join, relative } from "node:path";

interface Node {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
  readonly source?: Node | null;
  readonly object?: Node;
  readonly property?: Node;
  readonly callee?: Node;
  readonly arguments?: readonly Node[];
}
interface Context {
  readonly cwd: string;
  readonly filename: string;
  readonly report: (problem: { readonly node: Node; readonly message: string }) => void;
}

/** Which folders, and where restricted which packages, the files of a folder may import. The first match counts. */
const layers = [
  { files: "operator/api/", folders: ["operator/api/"] },
  // SHA-256 is a pure function, and only Node's own module has it.
  { files: "operator/core/", folders: ["operator/api/", "operator/core/"], packages: ["node:crypto"] },
  { files: "operator/runtime/", folders: ["operator/runtime/"] },
  {
    files: "operator/controller/",
    folders: ["operator/api/", "operator/core/", "operator/runtime/", "operator/controller/"],
  },
  { files: "operator/", folders: ["operator/"] },
  { files: "webapp/", folders: ["webapp/"] },
  { files: "tools/", folders: ["operator/", "webapp/", "tools/"] },
  { files: "test/", folders: ["operator/", "webapp/", "tools/", "test/"] },
] as const;

/** The only file that may import the Kubernetes client, types included. */
const client = { name: "@kubernetes/client-node", importer: "operator/runtime/client.ts" };

function mayImport(file: string, source: string): boolean {
  const layer = layers.find(({ files }) => file.startsWith(files));
  if (layer === undefined) return true;
  if (source.startsWith(".")) {
    const target = join(dirname(file), source);
    return layer.folders.some((folder) => target.startsWith(folder));
  }
  if (source === client.name) return file === client.importer;
  return !("packages" in layer) || layer.packages.some((name) => name === source);
}

/** Reports imports that the layers forbid: static, dynamic, re-exported, and of types. */
function imports({ cwd, filename, report }: Context) {
  const file = relative(cwd, filename);
  const check = (node: Node): void => {
    const source = node.source?.value;
    if (typeof source === "string" && !mayImport(file, source))
      report({ node, message: `${file} must not import ${source}` });
  };
  return {
    ImportDeclaration: check,
    ExportNamedDeclaration: check,
    ExportAllDeclaration: check,
    ImportExpression: check,
    TSImportType: check,
  };
}

/** Reports `new Date()` without an argument, which reads the clock. */
const clock = ({ report }: Context) => ({
  NewExpression: (node: Node): void => {
    if (node.callee?.name === "Date" && node.arguments?.length === 0)
      report({ node, message: "new Date() reads the clock" });
  },
});

/** Methods of @dot-i/k8s-operator's base class that don't work with this client, or end the process. */
const broken: ReadonlySet<string | undefined> = new Set([
  "watchResource",
  "setResourceFinalizers",
  "patchResourceStatus",
  "setResourceStatus",
  "getCustomResourceApiUri",
  "registerCustomResourceDefinition",
  "stop",
]);

const base = ({ report }: Context) => ({
  MemberExpression: (node: Node): void => {
    if (node.object?.type === "Super" && broken.has(node.property?.name))
      report({ node, message: `super.${node.property?.name} is broken in the base class` });
  },
});

export default {
  meta: { name: "project" },
  rules: { imports: { create: imports }, clock: { create: clock }, base: { create: base } },
};
