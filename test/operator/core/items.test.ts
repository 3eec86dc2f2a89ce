import { describe, expect, test } from "@jest/globals";
import { drift } from "../../../operator/core/diff.ts";
import { includes } from "../../../operator/core/includes.ts";
import { type ItemKey, itemAt } from "../../../operator/core/items.ts";
import type { FieldSet, Fields } from "../../../operator/core/manifest.ts";
import { bestMs } from "./cost.ts";
import { desired, inContainer, live, withContainer, withManager } from "./driftobjects.ts";

/** The list, and the same list made so long that it is indexed. */
const lengths = (list: readonly unknown[]) => [
  list,
  [...list, ...Array.from({ length: 100 }, (_, i) => ({ name: `filler-${i}`, containerPort: 10_000 + i }))],
];

describe("an item of a keyed list, short or long", () => {
  const dns = { containerPort: 53 };
  const first = { name: "a", value: "1" };
  const odd = JSON.parse('{"name":"__proto__"}') as Fields;
  test.each<{ name: string; list: readonly unknown[]; key: ItemKey; expected: unknown }>([
    { name: "its name is known", list: [{ name: "b" }, first], key: { key: { name: "a" } }, expected: first },
    { name: "no item has its name", list: [first], key: { key: { name: "b" } }, expected: undefined },
    {
      name: "two items have its name",
      list: [first, { name: "a", value: "2" }],
      key: { key: { name: "a" } },
      expected: first,
    },
    {
      name: "it omits the protocol",
      list: [{ containerPort: 53, protocol: "UDP" }, dns],
      key: { key: { containerPort: 53, protocol: "TCP" } },
      expected: dns,
    },
    {
      name: "its port is a text",
      list: [dns],
      key: { key: { containerPort: "53" } },
      expected: undefined,
    },
    {
      name: "its name is that of an inherited property",
      list: [odd, { name: "constructor" }],
      key: { key: { name: "__proto__" } },
      expected: odd,
    },
    {
      name: "its key is that of an inherited property",
      list: [first],
      key: { key: { constructor: "a" } },
      expected: undefined,
    },
    { name: "it is of a set", list: ["x", "y"], key: { value: "y" }, expected: "y" },
    {
      name: "no item of a set equals it",
      list: ["x", null],
      key: { value: "constructor" },
      expected: undefined,
    },
  ])("$name: $expected", ({ list, key, expected }) => {
    for (const items of lengths(list)) expect(itemAt(items, key)).toBe(expected);
  });

  test("field sets name more kinds of keys than the API server writes: the other kinds name no item", () => {
    const [, list = []] = lengths([first]);
    for (let i = 0; i < 20; i++) expect(itemAt(list, { key: { [`other${i}`]: "a" } })).toBe(undefined);
    expect(itemAt(list, { key: { name: "a" } })).toBe(undefined);
  });
});

const variables = (names: readonly string[]) => names.map((name) => ({ name, value: "1" }));
const ofVariables = (names: readonly string[]): FieldSet =>
  inContainer({
    "f:env": Object.fromEntries(
      names.map((name) => [`k:${JSON.stringify({ name })}`, { ".": {}, "f:name": {} }]),
    ),
  });

describe("long lists", () => {
  const names = Array.from({ length: 200 }, (_, i) => `V${i}`);
  const to = withContainer(desired, (c) => ({ ...c, env: variables(names) }));

  test.each(["SPY", "constructor", "__proto__", "toString"])(
    "another manager adds the variable %s: the operator takes the variable over",
    (name) => {
      const env = variables([...names, name]);
      const dirty = withManager(
        withContainer(live, (c) => ({ ...c, env })),
        ofVariables([name]),
      );
      expect(drift(dirty, to).takeOver).not.toEqual([]);
    },
  );

  test("the items have another order: no difference", () => {
    const reversed = variables(names.toReversed());
    expect(includes({ env: reversed }, { env: variables(names) })).toBe(true);
    const same = withContainer(live, (c) => ({ ...c, env: reversed }));
    expect(drift(withManager(same, ofVariables(names)), to).takeOver).toEqual([]);
  });

  test("one item has another value: a difference", () => {
    const env = variables(names).with(150, { name: "V150", value: "2" });
    expect(includes({ env }, { env: variables(names) })).toBe(false);
  });

  // A search per item takes 16 times as long.
  test("a list of 8000 items takes at most eight times as long as 16 lists of 500", () => {
    const pairOf = (length: number) => {
      const all = Array.from({ length }, (_, i) => `V${i}`);
      const to = withContainer(desired, (c) => ({ ...c, env: variables(all) }));
      const present = withContainer(live, (c) => ({ ...c, env: variables(all) }));
      const owned = withManager(present, ofVariables(all), "demoapp-operator");
      return { live: withManager(owned, ofVariables(all)), desired: to };
    };
    const costMs = (count: number, length: number): number =>
      bestMs(
        (pairs) => pairs.map((pair) => drift(pair.live, pair.desired)),
        () => Array.from({ length: count }, () => pairOf(length)),
      );
    expect(costMs(1, 8000)).toBeLessThan(8 * costMs(16, 500));
  });
});
