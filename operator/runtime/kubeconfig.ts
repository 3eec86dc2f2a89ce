import { readFileSync } from "node:fs";
import { delimiter, dirname, resolve, sep } from "node:path";
import * as z from "zod";
import { ExpectedError } from "./api-error.ts";

/** The kubeconfig can't be used. The message names the file, context, cluster or user, and the problem. */
export class KubeconfigError extends ExpectedError {
  override readonly name = "KubeconfigError";
}

// `kubectl config` writes null for fields without a value.
const text = z.string().nullish();
const required = z.string().min(1, "must not be empty");
const headerText = z.string().regex(/^\P{Cc}*$/u, "must not contain control characters");

const clusterSchema = z.object({
  server: required,
  "certificate-authority": text,
  "certificate-authority-data": text,
  "insecure-skip-tls-verify": z.boolean().nullish(),
  "tls-server-name": text,
  "proxy-url": z
    .string()
    .regex(/^($|https?:)/, "must be an http or https URL")
    .nullish(),
  extensions: z.array(z.object({ name: z.string(), extension: z.unknown() })).nullish(),
});

const execSchema = z.object({
  apiVersion: z.enum(["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]),
  command: required,
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: required, value: z.string() })).nullish(),
  installHint: text,
  provideClusterInfo: z.boolean().nullish(),
  interactiveMode: z
    .enum(["Never", "IfAvailable"], { error: "must be Never or IfAvailable: the operator has no terminal" })
    .nullish(),
});

const userSchema = z
  .object({
    token: text,
    tokenFile: text,
    username: text,
    password: text,
    "client-certificate": text,
    "client-certificate-data": text,
    "client-key": text,
    "client-key-data": text,
    exec: execSchema.nullish(),
    "auth-provider": z
      .object({
        name: z.literal("oidc", { error: "only oidc is supported: use an exec plug-in instead" }),
        config: z.record(z.string(), z.string()).nullish(),
      })
      .nullish(),
    as: headerText.nullish(),
    "as-uid": headerText.nullish(),
    "as-groups": z.array(headerText).nullish(),
    "as-user-extra": z.record(z.string(), z.array(headerText)).nullish(),
  })
  .refine((user) => !user.exec || !user["auth-provider"], "exec and auth-provider exclude each other")
  .refine(
    (user) => !(user.token || user.tokenFile) || !user.username,
    "token and username exclude each other",
  )
  .refine(
    (user) => user.as || !(user["as-uid"] || user["as-groups"]?.length || user["as-user-extra"]),
    "as-uid, as-groups and as-user-extra need as, the name of the user to impersonate",
  );

export type Cluster = z.output<typeof clusterSchema>;
export type User = z.output<typeof userSchema>;
export type ExecConfig = z.output<typeof execSchema>;

/** The API server and the user that a context selects. All paths are absolute. */
export interface Access {
  readonly cluster: Cluster;
  readonly user: User;
}

const named = z
  .array(z.looseObject({ name: z.string() }))
  .nullish()
  .transform((entries) => entries ?? []);
const fileSchema = z.object({ "current-context": text, clusters: named, users: named, contexts: named });
const contextSchema = z.object({ cluster: required, user: text });

interface File {
  /** Relative paths in the file start here. */
  readonly directory: string;
  readonly content: z.output<typeof fileSchema>;
}

export interface Selection {
  /** Default: the current-context of the first file that has one. */
  readonly context?: string | undefined;
  readonly parseYaml: (text: string) => unknown;
}

const validate = <T>(schema: z.ZodType<T>, value: unknown, what: string): T => {
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data;
  const problems = error.issues.map(({ path, message }) =>
    [path.join("."), message].filter(Boolean).join(": "),
  );
  throw new KubeconfigError(`${what} is invalid: ${problems.join("; ")}`);
};

/** Returns undefined if the file doesn't exist. */
const readIfExists = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new KubeconfigError(`the kubeconfig ${path} can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
};

const parseFile = (path: string, content: string, { parseYaml }: Selection): File => {
  const what = `the kubeconfig ${path}`;
  const parse = (): unknown => {
    try {
      return content.trim() === "" ? {} : parseYaml(content);
    } catch (error) {
      // Only the first line: the next ones quote the file, which may contain a token.
      throw new KubeconfigError(`${what} is not YAML: ${(error as Error).message.split("\n")[0]}`);
    }
  };
  return { directory: dirname(resolve(path)), content: validate(fileSchema, parse(), what) };
};

/** The first definition of a name wins, as with kubectl. */
const find = (files: readonly File[], list: "clusters" | "users" | "contexts", name: string) => {
  const key = list.slice(0, -1);
  for (const { directory, content } of files) {
    const entry = content[list].find((candidate) => candidate.name === name);
    if (entry !== undefined)
      return { directory, value: entry[key] ?? {}, what: `${key} "${name}" of the kubeconfig` };
  }
  return undefined;
};

/** Makes these fields' paths absolute. */
const withPaths = <T extends object>(value: T, directory: string, fields: readonly (keyof T)[]): T => {
  const paths = fields.filter((field) => value[field]);
  return {
    ...value,
    ...Object.fromEntries(paths.map((field) => [field, resolve(directory, String(value[field]))])),
  };
};

const clusterOf = (files: readonly File[], context: string, name: string): Cluster => {
  const found = find(files, "clusters", name);
  if (found === undefined)
    throw new KubeconfigError(
      `the kubeconfig has no context "${context}" with a cluster: "${name}" is missing`,
    );
  return withPaths(validate(clusterSchema, found.value, found.what), found.directory, [
    "certificate-authority",
  ]);
};

const userOf = (files: readonly File[], context: string, name: string | null | undefined): User => {
  if (!name) return {};
  const found = find(files, "users", name);
  if (found === undefined)
    throw new KubeconfigError(`the kubeconfig has no user "${name}", which context "${context}" selects`);
  const { exec, ...user } = validate(userSchema, found.value, found.what);
  const fields = ["tokenFile", "client-certificate", "client-key"] as const;
  // As for kubectl: a command without a slash is searched in PATH.
  const command = exec?.command.includes(sep) ? resolve(found.directory, exec.command) : exec?.command;
  return {
    ...withPaths(user, found.directory, fields),
    exec: exec && command ? { ...exec, command } : undefined,
  };
};

/**
 * Reads kubeconfigs, joined by ":" as in KUBECONFIG, with kubectl's rules: the first definition of a name wins, missing
 * files are skipped, and relative paths start from the file that has them. Throws `KubeconfigError`.
 */
export const loadKubeconfig = (paths: string, selection: Selection): Access => {
  const files = paths
    .split(delimiter)
    .filter(Boolean)
    .map((path) => ({ path, content: readIfExists(path) }))
    .flatMap(({ path, content }) => (content === undefined ? [] : [parseFile(path, content, selection)]));
  if (files.length === 0) throw new KubeconfigError(`the kubeconfig ${paths} does not exist`);
  const context =
    selection.context ?? files.map(({ content }) => content["current-context"]).find(Boolean) ?? "";
  const found = find(files, "contexts", context);
  if (found === undefined)
    throw new KubeconfigError(`the kubeconfig has no context "${context}" with a cluster`);
  const { cluster, user } = validate(contextSchema, found.value, found.what);
  return { cluster: clusterOf(files, context, cluster), user: userOf(files, context, user) };
};
