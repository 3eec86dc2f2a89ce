import { type Track, portName, selectorOf, serviceName } from "../../api/names.ts";
import type { Manifest } from "../manifest.ts";
import type { ObservedApp } from "../observed.ts";
import { ownerOf } from "./deployment.ts";

/** The app's ClusterIP Service, which selects the pods of a track; it has the name of the app. */
export const renderService = ({ app }: ObservedApp, traffic: Track): Manifest => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: serviceName(app.name),
    namespace: app.namespace,
    labels: selectorOf(app.name, "stable"),
    ownerReferences: [ownerOf(app)],
  },
  spec: {
    type: "ClusterIP",
    selector: selectorOf(app.name, traffic),
    ports: [{ name: portName, port: app.spec.service.port, targetPort: portName, protocol: "TCP" }],
  },
});
