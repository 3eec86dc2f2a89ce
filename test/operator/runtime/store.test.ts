import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { Store } from "../../../operator/runtime/store.ts";

interface Item {
  readonly owners: readonly string[];
}

const create = () => new Store<Item>({ owner: ({ owners }) => owners });

test("objects: found by name, by namespace and by index", () => {
  const store = create();
  const a = { owners: ["x"] };
  const b = { owners: ["x", "y"] };
  store.set("shop", "a", a);
  store.set("bank", "b", b);
  expect(store.get("shop", "a")).toBe(a);
  expect(store.get("bank", "a")).toBeUndefined();
  expect(store.list("bank")).toEqual([b]);
  expect(store.byIndex("owner", "x")).toEqual([a, b]);
  expect(store.byIndex("owner", "z")).toEqual([]);
});

test("an unknown index: throws", () => {
  expect(() => create().byIndex("onwer", "x")).toThrow('no index "onwer"');
});

test("random changes: each index equals a search through all objects", () => {
  const owners = fc.uniqueArray(fc.constantFrom("x", "y", "z"));
  const name = fc.constantFrom("a", "b", "c");
  const change = fc.record({ name, owners: fc.option(owners) });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const store = create();
      for (const { name, owners } of changes) {
        if (owners === null) store.delete("shop", name);
        else store.set("shop", name, { owners });
      }
      for (const key of ["x", "y", "z"]) {
        const found = store.list().filter(({ owners }) => owners.includes(key));
        expect(new Set(store.byIndex("owner", key))).toEqual(new Set(found));
      }
    }),
  );
});
