import { type Traffic, portName, selectorOf, serviceName, trafficSelector } from "../../api/names.ts";
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

/** The app's ClusterIP Service, which selects the pods of a track or of both; it has the name of the app. */
export const renderService = ({ app }: ObservedApp, traffic: Traffic): Manifest => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: serviceName(app.name),
    namespace: app.namespace,
    labels: selectorOf(app.name, "stable"),
    ownerReferences: [ownerOf(app)],
  },
  spec: specOf(app.spec, { name: app.name, traffic }),
});
