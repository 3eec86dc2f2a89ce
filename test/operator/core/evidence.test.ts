import { expect, test } from "@jest/globals";
import { run } from "../../../tools/evidence/histories.ts";
import { broken, table } from "../../../tools/evidence/situations.ts";

test.each(table.map(([situation, promised]) => ({ situation, promised, name: situation.name })))(
  "$name: as often and as fast as promised",
  ({ situation, promised }) => {
    expect(broken(run(situation, 2_000), promised)).toEqual([]);
  },
);
