import { createHash } from "node:crypto";
import { messageOf } from "./api-error.ts";
import type { Clock } from "./clock.ts";
import { FairLimit } from "./fairlimit.ts";
import type { ApiClient, ResourceType } from "./kubernetes.ts";
import type { Logger } from "./log.ts";
import { Semaphore } from "./semaphore.ts";

/** The status of a request: allowed, no valid token, not permitted, or the API server can't be asked. */
export type Verdict = 200 | 401 | 403 | 503;
/** Judges a request by its Authorization header. The address is that of the client. */
export type Authorize = (authorization: string | undefined, address: string) => Promise<Verdict>;

export interface TokenAuthOptions {
  readonly client: Pick<ApiClient, "create">;
  /** The audience that tokens must have; empty: the audience of the API server. */
  readonly audience: string;
  readonly path: string;
  readonly log: Logger;
  readonly clock: Clock;
}

const review = (group: string, plural: string, kind: string): ResourceType => ({
  group,
  version: "v1",
  plural,
  kind,
  namespaced: false,
});
const tokenReviews = review("authentication.k8s.io", "tokenreviews", "TokenReview");
const accessReviews = review("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview");

/** How long a verdict counts, ms: a revoked token or permission works for at most this long. */
const verdictMs = 10_000;
const maxVerdicts = 1_024;
/** Reviews at a time. They share the client's connections with the reconciles, which must not wait for a flood. */
const maxReviews = 4;
/** Reviews that wait. Beyond it, the oldest one of the busiest address is given up: the client gets 503. */
const maxPending = 64;
/** Time for a verdict, the wait for other reviews included. Prometheus waits 10 s by default. */
const reviewMs = 8_000;

interface TokenStatus {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly user?: {
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

/** The token of a header `Bearer <token>`; undefined for another header. */
const tokenIn = (authorization: string | undefined): string | undefined =>
  /^bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? "")?.[1];

/** Verdicts are stored by this hash, so that a heap snapshot has no tokens. */
const hashOf = (token: string): string => createHash("sha256").update(token).digest("base64");

/** Asks the API server who a token's owner is, and whether that user may get the path. */
class Reviewer {
  readonly #options: TokenAuthOptions;
  readonly #semaphore = new Semaphore(maxReviews);

  constructor(options: TokenAuthOptions) {
    this.#options = options;
  }

  async judge(token: string, signal: AbortSignal): Promise<Verdict> {
    const release = await this.#semaphore.acquire(signal);
    try {
      const user = await this.#authenticate(token, signal);
      if (user === undefined) return 401;
      return (await this.#isAllowed(user, signal)) ? 200 : 403;
    } finally {
      release();
    }
  }

  async #authenticate(token: string, signal: AbortSignal): Promise<TokenStatus["user"]> {
    const { audience } = this.#options;
    const spec = { token, ...(audience !== "" && { audiences: [audience] }) };
    const { authenticated, audiences, user } = (await this.#create(
      tokenReviews,
      spec,
      signal,
    )) as TokenStatus;
    // An authenticator that does not know audiences returns none: the token is one for the API server.
    const isMeant = audience === "" || audiences?.includes(audience) === true;
    return authenticated === true && isMeant ? user : undefined;
  }

  async #isAllowed(user: NonNullable<TokenStatus["user"]>, signal: AbortSignal): Promise<boolean> {
    const { username, ...others } = user;
    const nonResourceAttributes = { path: this.#options.path, verb: "get" };
    const spec = { user: username, ...others, nonResourceAttributes };
    const { allowed } = (await this.#create(accessReviews, spec, signal)) as { readonly allowed?: boolean };
    return allowed === true;
  }

  async #create(resource: ResourceType, spec: object, signal: AbortSignal): Promise<unknown> {
    const { group, version, kind } = resource;
    const object = { apiVersion: `${group}/${version}`, kind, metadata: { name: "" }, spec };
    // The API server stores no review, so that a repeated request does no harm.
    const answer = await this.#options.client.create(resource, object, { signal, idempotent: true });
    return answer["status"] ?? {};
  }
}

/**
 * Authorizes requests as controller-runtime's filter for metrics does: by a TokenReview and a SubjectAccessReview. Never
 * logs or keeps a token.
 */
export function createTokenAuth(options: TokenAuthOptions): Authorize {
  const { log, clock } = options;
  const reviewer = new Reviewer(options);
  const verdicts = new Map<string, { readonly untilMs: number; readonly verdict: Promise<Verdict> }>();
  const pending = new FairLimit<AbortController>(maxPending, (given) => given.abort());
  let isFailing = false;

  const ask = async (token: string, address: string): Promise<Verdict> => {
    const given = new AbortController();
    pending.add(given, address);
    try {
      const signal = AbortSignal.any([given.signal, AbortSignal.timeout(reviewMs)]);
      const verdict = await reviewer.judge(token, signal);
      isFailing = false;
      return verdict;
    } catch (error) {
      verdicts.delete(hashOf(token));
      if (given.signal.aborted) return 503;
      if (!isFailing)
        log.error({ cause: messageOf(error) }, "can't ask the API server who may read the metrics");
      isFailing = true;
      return 503;
    } finally {
      pending.delete(given);
    }
  };

  return async (authorization, address) => {
    const token = tokenIn(authorization);
    if (token === undefined) return 401;
    const key = hashOf(token);
    const known = verdicts.get(key);
    if (known !== undefined && clock.monotonicMs() < known.untilMs) return known.verdict;
    verdicts.delete(key);
    const [oldest] = verdicts.size >= maxVerdicts ? verdicts.keys() : [];
    if (oldest !== undefined) verdicts.delete(oldest);
    const verdict = ask(token, address);
    verdicts.set(key, { untilMs: clock.monotonicMs() + verdictMs, verdict });
    return verdict;
  };
}
