/**
 * Kubernetes resource quantities, compared exactly.
 * Source of the grammar: k8s.io/apimachinery/pkg/api/resource, Quantity.
 */

/**
 * The accepted quantities. zod and CEL both use this pattern. Kubernetes accepts slightly more: it reads "." as 0 and
 * 1e9999 as the largest possible number.
 */
export const grammar =
  /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)|[eE]([+-]?\d{1,3}))?$/;

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

function parse(quantity: string): Exact | undefined {
  const match = grammar.exec(quantity);
  if (match === null) return undefined;
  const [, sign = "", number = "", suffix, exponent] = match;
  const [whole = "", fraction = ""] = number.split(".");
  const digits = BigInt(`${whole}${fraction}`) * (sign === "-" ? -1n : 1n);
  const power = suffix === undefined ? 0 : binary.indexOf(suffix) + 1;
  const decimal = suffix === undefined ? Number(exponent ?? 0) : (decimalExponent[suffix] ?? 0);
  return { digits: digits * 1024n ** BigInt(power), exponent: decimal - fraction.length };
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

/** The text with the largest decimal suffix that leaves an integer; below a billionth, with an exponent. */
function asDecimal({ digits, exponent }: Exact): string {
  const [suffix, power] = decimal.find(([, own]) => own <= exponent) ?? [`e${exponent}`, exponent];
  return `${digits * 10n ** BigInt(exponent - power)}${suffix}`;
}

/** The text with the largest binary suffix that leaves an integer; undefined for a fraction. */
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
 * One text for each amount: `1000m` and `1` give `1`, `1024Mi` and `1Gi` give `1Gi`. The shorter one of two suffixes wins,
 * so that most quantities stay as people write them. Throws a RangeError if the text is not a quantity.
 */
export function canonicalQuantity(quantity: string): string {
  const exact = parse(quantity);
  if (exact === undefined) throw new RangeError(`not a quantity: ${quantity}`);
  if (exact.digits === 0n) return "0";
  const amount = reduced(exact);
  const [plain, power] = [asDecimal(amount), asBinary(amount)];
  return power !== undefined && power.length < plain.length ? power : plain;
}
