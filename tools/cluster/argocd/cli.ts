/**
 * `argocd` in core mode starts an API server of its own, and may end with this (exit code 20) when its work was done
 * before that server was: nothing failed, and the next try says the same as this one would have.
 */
const tooQuick = /error getting RBAC configmap .*context canceled/;
const tries = 5;

/** Runs something that calls `argocd` in core mode, again if that was too quick for itself. */
export async function patiently<T>(run: () => Promise<T>): Promise<T> {
  for (let left = tries; ; left--) {
    try {
      return await run();
    } catch (error) {
      if (left <= 1 || !(error instanceof Error) || !tooQuick.test(error.message)) throw error;
    }
  }
}
