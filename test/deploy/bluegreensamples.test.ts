import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { parse } from "yaml";
import { apiVersion, kind } from "../../operator/api/names.ts";
import { installed } from "../operator/core/canaryscene.ts";

const testdata = join(
  import.meta.dirname,
  "../../deploy/argocd/resource_customizations/demoapp.dev/DemoApp/testdata",
);

test("the samples of a blue-green rollout for Argo CD: the operator reports the same in each step", () => {
  const strategy = { type: "BlueGreen", blueGreen: { autoPromote: false, holdSeconds: 300 } };
  const simulation = installed({ strategy });
  const expectSample = (file: string): void => {
    const { name, namespace, generation, annotations, spec, status } = simulation.app;
    const metadata = { name, namespace, generation, annotations };
    const sample: unknown = parse(readFileSync(join(testdata, file), "utf8"));
    expect({ apiVersion, kind, metadata, spec, status }).toMatchObject(sample as object);
  };
  simulation.edit({ image: "good:1" });
  simulation.pass(1);
  expectSample("bluegreen_preview.yaml");
  simulation.pass(59);
  expectSample("bluegreen_waits.yaml");
  simulation.annotate("promote", "2/2");
  simulation.pass(1);
  expectSample("bluegreen_full_size.yaml");
  simulation.pass(59);
  expectSample("bluegreen_holds.yaml");
});
