/**
 * Failures that a retry fixes. In core mode `argocd` starts its own API server. If the command ends before this server has
 * started, `argocd` exits with code 20 although the command succeeded. A sync is refused while an automatic one runs.
 */
const transient = /error getting RBAC configmap .*context canceled|another operation is already in progress/;
const maxAttempts = 5;

/** Runs an `argocd` command, and retries it after a transient failure. */
export async function retryTransient<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const isTransient = error instanceof Error && transient.test(error.message);
      if (!isTransient || attempt === maxAttempts) throw error;
    }
  }
}
