import { afterEach, beforeEach } from "@jest/globals";

/** Creates a value before each test of a file and stops it after the test. Returns a function that gets the value. */
export function perTest<T extends { stop(): Promise<void> }>(create: () => T | Promise<T>): () => T {
  let current: T | undefined;
  beforeEach(async () => {
    current = await create();
  });
  afterEach(() => current?.stop());
  return () => {
    if (current === undefined) throw new Error("the value exists only during a test");
    return current;
  };
}
