import { readFile } from "node:fs/promises";
import { realClock } from "./clock.ts";
import { CachedCredentials, type CredentialSource, type Obtained } from "./credentials.ts";
import { type ExecStatus, runExecPlugin } from "./exec-plugin.ts";
import type { Access, User } from "./kubeconfig.ts";

export interface AccessOptions {
  /** Limit of one acquisition of credentials. */
  readonly timeoutMs: number;
  /** Returns the current ID token of an oidc auth-provider. */
  readonly oidcToken: (provider: NonNullable<User["auth-provider"]>) => Promise<string>;
}

type Headers = Record<string, string | string[]>;

/** The bytes of UTF-8 as the characters of a header: undici sends headers as Latin-1. */
const headerValue = (value: string): string => Buffer.from(value, "utf8").toString("latin1");

/** As in client-go: characters that a header's name can't have are percent-encoded. */
const extraHeader = (name: string): string =>
  `Impersonate-Extra-${encodeURIComponent(name).replaceAll("(", "%28").replaceAll(")", "%29")}`;

const impersonationOf = (user: User): Headers => {
  const headers: Headers = {};
  if (user.as) headers["Impersonate-User"] = headerValue(user.as);
  if (user["as-uid"]) headers["Impersonate-Uid"] = headerValue(user["as-uid"]);
  if (user["as-groups"]?.length) headers["Impersonate-Group"] = user["as-groups"].map(headerValue);
  for (const [name, values] of Object.entries(user["as-user-extra"] ?? {}))
    headers[extraHeader(name)] = values.map(headerValue);
  return headers;
};

type Text = string | null | undefined;

/** The content of a pair of fields such as client-key and client-key-data: the data wins over the file. */
const material = async (data: Text, path: Text, signal: AbortSignal): Promise<Buffer | undefined> => {
  if (data) return Buffer.from(data, "base64");
  return path ? readFile(path, { signal }) : undefined;
};

const tokenOf = async ({ token, tokenFile }: User, signal: AbortSignal): Promise<string | undefined> => {
  if (!tokenFile) return token || undefined;
  const content = (await readFile(tokenFile, { encoding: "utf8", signal })).trim();
  if (content === "") throw new Error(`the token file ${tokenFile} is empty`);
  return content;
};

/** What a user's credentials come from, and whether they may change. */
const originOf = (user: User): { readonly name: string; readonly renewable: boolean } => {
  if (user.tokenFile) return { name: `the token file ${user.tokenFile}`, renewable: true };
  const isFixed = Boolean(user.token || user.username);
  if (user.exec && !isFixed) return { name: `the exec plug-in ${user.exec.command}`, renewable: true };
  if (user["auth-provider"] && !isFixed) return { name: "the oidc auth-provider", renewable: true };
  const file = user["client-certificate-data"] ? undefined : user["client-certificate"];
  return { name: file ? `the client certificate ${file}` : "the kubeconfig", renewable: Boolean(file) };
};

const basic = ({ username, password }: User): string =>
  `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}`;

const defined = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));

const expiryOf = (status: ExecStatus): number => Date.parse(status.expirationTimestamp ?? "") || Infinity;

/** Reads the files, and runs the plug-in if there is one. */
const obtain = async (
  { cluster, user }: Access,
  options: AccessOptions,
  signal: AbortSignal,
): Promise<Obtained> => {
  const [ca, cert, key, token] = await Promise.all([
    material(cluster["certificate-authority-data"], cluster["certificate-authority"], signal),
    material(user["client-certificate-data"], user["client-certificate"], signal),
    material(user["client-key-data"], user["client-key"], signal),
    tokenOf(user, signal),
  ]);
  const own = token === undefined ? (user.username ? basic(user) : undefined) : `Bearer ${token}`;
  // As in client-go: a token or password of the kubeconfig takes precedence over a plug-in.
  const status =
    user.exec && own === undefined ? await runExecPlugin(user.exec, { cluster, ca }, signal) : undefined;
  const provider = own === undefined ? user["auth-provider"] : undefined;
  const plugged = provider ? await options.oidcToken(provider) : status?.token;
  const authorization = own ?? (plugged === undefined ? undefined : `Bearer ${plugged}`);
  return {
    credentials: {
      headers: defined({ ...impersonationOf(user), Authorization: authorization }) as Headers,
      tls: defined({
        ca,
        cert: status?.clientCertificateData ?? cert,
        key: status?.clientKeyData ?? key,
        servername: cluster["tls-server-name"] || undefined,
        rejectUnauthorized: cluster["insecure-skip-tls-verify"] ? false : undefined,
      }),
      proxyUrl: cluster["proxy-url"] || undefined,
    },
    expiresAtMs: status && expiryOf(status),
  };
};

/** The credentials of a kubeconfig or of a pod. */
export const credentialsOf = (access: Access, options: AccessOptions): CredentialSource =>
  new CachedCredentials({
    ...originOf(access.user),
    obtain: (signal) => obtain(access, options, signal),
    timeoutMs: options.timeoutMs,
    clock: realClock,
    random: Math.random,
  });
