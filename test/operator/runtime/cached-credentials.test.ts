import { afterEach, describe, expect, test } from "@jest/globals";
import { CachedCredentials, type Obtained } from "../../../operator/runtime/credentials.ts";
import { VirtualClock, settle } from "../../sim/clock.ts";

describe("cached credentials", () => {
  const running = new AbortController();
  const signal = running.signal;
  const clock = new VirtualClock();
  const calls: ReturnType<typeof Promise.withResolvers<Obtained>>[] = [];
  const create = (): CachedCredentials =>
    new CachedCredentials({
      name: "the plug-in",
      obtain: () => {
        const call = Promise.withResolvers<Obtained>();
        calls.push(call);
        return call.promise;
      },
      timeoutMs: 60_000,
      renewable: true,
      clock,
      random: () => 0,
    });
  const obtained = (token: string, lifetimeMs: number): Obtained => ({
    credentials: { headers: { token }, tls: {}, proxyUrl: undefined },
    expiresAtMs: clock.now() + lifetimeMs,
  });
  afterEach(() => {
    for (const call of calls.splice(0)) call.resolve(obtained("", 0));
  });

  test("a plug-in hangs before the token expires: requests go on with the cached token until it expires", async () => {
    const cache = create();
    const first = cache.get(signal);
    calls[0]?.resolve(obtained("a", 600_000));
    expect((await first).headers).toEqual({ token: "a" });
    await clock.advance(481_000);
    expect((await cache.get(signal)).headers).toEqual({ token: "a" });
    await clock.advance(118_000);
    expect((await cache.get(signal)).headers).toEqual({ token: "a" });
    expect(calls).toHaveLength(2);
    await clock.advance(2_000);
    const waiting = cache.get(signal);
    calls[1]?.resolve(obtained("b", 600_000));
    expect((await waiting).headers).toEqual({ token: "b" });
  });

  test("a plug-in fails before the token expires: it starts again after the backoff, and no request fails", async () => {
    const cache = create();
    const first = cache.get(signal);
    calls[0]?.resolve(obtained("a", 600_000));
    await first;
    await clock.advance(481_000);
    await cache.get(signal);
    calls[1]?.reject(new Error("not signed in"));
    await settle();
    await cache.get(signal);
    expect(calls).toHaveLength(2);
    await clock.advance(1_000);
    expect((await cache.get(signal)).headers).toEqual({ token: "a" });
    expect(calls).toHaveLength(3);
  });

  test("a file can't be read any more: requests go on with what was read last, also if the server refuses it", async () => {
    const cache = create();
    const first = cache.get(signal);
    calls[0]?.resolve({ ...obtained("a", 0), expiresAtMs: undefined });
    const { headers } = await first;
    await clock.advance(10_000);
    await cache.get(signal);
    calls[1]?.reject(new Error("no such file"));
    await settle();
    const cached = await cache.get(signal);
    expect(cached.headers).toBe(headers);
    expect(cache.renew(cached)).toBe(false);
    expect(await cache.get(signal)).toBe(cached);
  });

  test("the server refuses a valid token while the plug-in fails: requests go on with the token after the failure", async () => {
    const cache = create();
    const first = cache.get(signal);
    calls[0]?.resolve(obtained("a", 600_000));
    const credentials = await first;
    expect(cache.renew(credentials)).toBe(true);
    const second = cache.get(signal);
    calls[1]?.reject(new Error("the identity provider is down"));
    expect(await second).toBe(credentials);
    expect(await cache.get(signal)).toBe(credentials);
  });

  test("the server refuses a valid token right after a refresh has failed: requests go on with the token", async () => {
    const cache = create();
    const first = cache.get(signal);
    calls[0]?.resolve(obtained("a", 600_000));
    const credentials = await first;
    await clock.advance(481_000);
    await cache.get(signal);
    calls[1]?.reject(new Error("the identity provider is down"));
    await settle();
    expect(cache.renew(credentials)).toBe(false);
    expect(await cache.get(signal)).toBe(credentials);
  });

  test("a token is expired when it is obtained (clock skew): the plug-in starts at most once per second", async () => {
    const cache = create();
    const first = cache.get(signal);
    calls[0]?.resolve(obtained("a", -60_000));
    await first;
    await clock.advance(900);
    await cache.get(signal);
    expect(calls).toHaveLength(1);
  });
});
