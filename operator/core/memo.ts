interface Known<I, R> {
  readonly input: I;
  readonly result: R;
}

/** True if two inputs have the same values by the same names. */
function isSame(a: object, b: object): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Reflect.get(a, name) === Reflect.get(b, name))
  );
}

/**
 * A pure function that keeps its last result for each object, as long as the object exists, and runs again only if a value of
 * `input` is another one. Neither the object nor the values may ever change.
 */
export function remembered<O extends object, I extends object, R>(
  compute: (object: O, input: I) => R,
): (object: O, input: I) => R {
  const results = new WeakMap<O, Known<I, R>>();
  return (object, input) => {
    const known = results.get(object);
    if (known !== undefined && isSame(known.input, input)) return known.result;
    const result = compute(object, input);
    results.set(object, { input, result });
    return result;
  };
}

/** As `remembered`, for a function of one object. */
export function once<O extends object, R>(compute: (object: O) => R): (object: O) => R {
  const of = remembered<O, object, R>(compute);
  const nothing = {};
  return (object) => of(object, nothing);
}
