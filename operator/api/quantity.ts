/**
 * Kubernetes resource quantities, compared as the API server reads them.
 * Source of the grammar and of the rounding: k8s.io/apimachinery/pkg/api/resource, ParseQuantity.
 */

/**
 * The accepted quantities. zod and CEL both use this pattern. Kubernetes accepts slightly more: it reads "." as 0 and
 * 1e9999 as the largest possible number.
 */
export const grammar =
  /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)|[eE]([+-]?\d{1,3}))?$/;

/** Longest text of a quantity in a spec, in characters. */
export const maxQuantityLength = 32;
/** Longest text that is read as a quantity: the time to read digits grows with the square of their number. */
const maxRead = 2048;

/** Maps with quantities as their values. */
export const quantityMaps: ReadonlySet<string> = new Set(["requests", "limits"]);
/** Other fields with a quantity, behind the field of their object: a label or annotation can have the same name. */
const quantityFields: ReadonlySet<string> = new Set(["emptyDir.sizeLimit", "resourceFieldRef.divisor"]);

/** True for a field with a quantity. `parent` contains the object with the field. */
export const isQuantityField = (parent: string, field: string): boolean =>
  quantityMaps.has(parent) || quantityFields.has(`${parent}.${field}`);

const binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const decimalExponent: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

/** A value as `digits * 10^exponent`, which represents every quantity exactly. */
type Exact = { readonly digits: bigint; readonly exponent: number };

/** The exponent of the smallest amount that the API server knows: one billionth. */
const finest = -9;
/** The largest amount with a binary suffix; the API server caps larger ones. */
const most = 2n ** 63n - 1n;

/** The amount rounded to a multiple of `10^smallest`, away from zero: the API server never rounds an amount to 0. */
function rounded({ digits, exponent }: Exact, smallest: number): Exact {
  if (exponent >= smallest) return { digits, exponent };
  const unit = 10n ** BigInt(smallest - exponent);
  const [count, rest] = [digits / unit, digits % unit];
  const away = rest === 0n ? 0n : digits < 0n ? -1n : 1n;
  return { digits: count + away, exponent: smallest };
}

function capped(amount: Exact): Exact {
  const { digits, exponent } = amount;
  const isAbove =
    exponent >= 0 ? digits * 10n ** BigInt(exponent) > most : digits > most * 10n ** BigInt(-exponent);
  return isAbove ? { digits: most, exponent: 0 } : amount;
}

function parse(quantity: string, smallest = finest): Exact | undefined {
  const match = quantity.length > maxRead ? null : grammar.exec(quantity);
  if (match === null) return undefined;
  const [, sign = "", number = "", suffix, exponent] = match;
  const [whole = "", fraction = ""] = number.split(".");
  const digits = BigInt(`${whole}${fraction}`) * (sign === "-" ? -1n : 1n);
  const power = suffix === undefined ? 0 : binary.indexOf(suffix) + 1;
  const decimal = suffix === undefined ? Number(exponent ?? 0) : (decimalExponent[suffix] ?? 0);
  const exact = { digits: digits * 1024n ** BigInt(power), exponent: decimal - fraction.length };
  const amount = rounded(exact, smallest);
  return power === 0 ? amount : capped(amount);
}

/** True if the text is a quantity. */
export const isQuantity = (quantity: string): boolean => parse(quantity) !== undefined;

/**
 * Negative, 0 or positive if `a` is less than, equal to or greater than `b`; `1000m` equals `1`. Throws a RangeError
 * if `a` or `b` is not a quantity.
 */
export function compareQuantities(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (left === undefined || right === undefined) throw new RangeError(`not quantities: ${a}, ${b}`);
  const exponent = Math.min(left.exponent, right.exponent);
  const scaled = ({ digits, exponent: own }: Exact): bigint => digits * 10n ** BigInt(own - exponent);
  const difference = scaled(left) - scaled(right);
  return difference < 0n ? -1 : Number(difference > 0n);
}

const decimal = [...Object.entries(decimalExponent), ["", 0] as const].toSorted(([, a], [, b]) => b - a);

/** The text with the largest decimal suffix that leaves an integer. */
function asDecimal({ digits, exponent }: Exact): string {
  const [suffix, power] = decimal.find(([, own]) => own <= exponent) ?? ["n", finest];
  return `${digits * 10n ** BigInt(exponent - power)}${suffix}`;
}

/** The text with the largest binary suffix that leaves an integer; undefined without one. */
function asBinary({ digits, exponent }: Exact): string | undefined {
  if (exponent < 0) return undefined;
  const value = digits * 10n ** BigInt(exponent);
  const power = binary.findLastIndex((_, i) => value % 1024n ** BigInt(i + 1) === 0n);
  return power === -1 ? undefined : `${value / 1024n ** BigInt(power + 1)}${binary[power]}`;
}

/** The same amount without trailing zeros in its digits. */
function reduced({ digits, exponent }: Exact): Exact {
  const zeros = /0*$/.exec(String(digits))?.[0].length ?? 0;
  return { digits: digits / 10n ** BigInt(zeros), exponent: exponent + zeros };
}

/**
 * One text for each amount: `1000m` and `1` give `1`, `1024Mi` and `1Gi` give `1Gi`. Of two suffixes the one with the
 * shorter text counts, so that most quantities stay as people write them. The amount is rounded up to a multiple of
 * `10^smallest`. Throws a RangeError if the text is not a quantity.
 */
export function canonicalQuantity(quantity: string, smallest = finest): string {
  const exact = parse(quantity, smallest);
  if (exact === undefined) throw new RangeError(`not a quantity: ${quantity}`);
  if (exact.digits === 0n) return "0";
  const amount = reduced(exact);
  const [plain, power] = [asDecimal(amount), asBinary(amount)];
  return power !== undefined && power.length < plain.length ? power : plain;
}
