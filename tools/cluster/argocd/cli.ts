/**
 * In core mode `argocd` starts its own API server. If the command ends before this server has started, `argocd`
 * exits with code 20 and this message although the command succeeded. A retry returns the same result.
 */
const startupRace = /error getting RBAC configmap .*context canceled/;
const maxAttempts = 5;

/** Runs an `argocd` command, and retries it if its own API server was too slow to start. */
export async function retryStartupRace<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const isRace = error instanceof Error && startupRace.test(error.message);
      if (!isRace || attempt === maxAttempts) throw error;
    }
  }
}
