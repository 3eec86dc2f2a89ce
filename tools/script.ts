/** Runs a script. An error is printed as one sentence, and the exit code is 1. */
export async function script(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(`  ✗ ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
