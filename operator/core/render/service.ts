import {
  type Track,
  type Traffic,
  portName,
  previewName,
  selectorOf,
  serviceName,
  trafficSelector,
} from "../../api/names.ts";
import type { DemoAppSpec } from "../../api/schema.ts";
import type { Fields, Manifest } from "../manifest.ts";
import { remembered } from "../memo.ts";
import type { ObservedApp } from "../observed.ts";
import { ownerOf } from "./deployment.ts";

interface SpecInput {
  readonly name: string;
  readonly traffic: Traffic;
}

/** A Service's `spec`. One object for the same input, so that `drift` is remembered too. */
const specOf = remembered(({ service }: DemoAppSpec, { name, traffic }: SpecInput): Fields => ({
  type: "ClusterIP",
  selector: trafficSelector(name, traffic),
  ports: [{ name: portName, port: service.port, targetPort: portName, protocol: "TCP" }],
}));

const render = (
  { app }: ObservedApp,
  name: string,
  { traffic, track }: { traffic: Traffic; track: Track },
): Manifest => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name,
    namespace: app.namespace,
    labels: selectorOf(app.name, track),
    ownerReferences: [ownerOf(app)],
  },
  spec: specOf(app.spec, { name: app.name, traffic }),
});

/** The app's ClusterIP Service, which selects the pods of a track or of both; it has the name of the app. */
export const renderService = (observed: ObservedApp, traffic: Traffic): Manifest =>
  render(observed, serviceName(observed.app.name), { traffic, track: "stable" });

/** The ClusterIP Service that selects the pods of the candidate, whichever pods get the app's traffic. */
export const renderPreview = (observed: ObservedApp): Manifest =>
  render(observed, previewName(observed.app.name), { traffic: "candidate", track: "candidate" });
