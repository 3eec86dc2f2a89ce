/**
 * True if two values have equal JSON. Each watch event is compared with the cache, and `isDeepStrictEqual` of node:util takes
 * twice as long, because it also compares prototypes, symbols and cycles.
 */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false;
  for (const key of keys)
    if (!Object.hasOwn(b, key) || !isEqual(Reflect.get(a, key), Reflect.get(b, key))) return false;
  return true;
}
