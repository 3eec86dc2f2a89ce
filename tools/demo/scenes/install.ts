import { app } from "../api.ts";
import { type Stage, isIn, kubectl, look, messageOf, patienceMs, sync } from "./stage.ts";

/** Scene 1: a short YAML file becomes an app that runs. */
export async function install(stage: Stage): Promise<void> {
  const { screen, shell } = stage;
  screen.scene(1, "One short YAML file makes an app");
  screen.reasonMessage(
    "This folder plays your Git repository, and kubectl apply plays Argo CD.",
    "The file is the sample of deploy/webapp/base:",
  );
  await shell.show("cat demoapp.yaml");
  await sync(shell);
  screen.columns("what it waits for: the DemoApp's status.message");
  const { pods } = await screen.follow({
    what: "a healthy app",
    deadlineMs: patienceMs,
    look: () => look(stage),
    line: messageOf,
    done: (moment) => isIn("Healthy", moment),
  });
  await shell.show(`${kubectl} get demoapps`);
  await shell.show(`${kubectl} get deployments,services,pods`);
  screen.reasonMessage("", "What the file leaves out has safe defaults, limits and probes among them:");
  const told = await shell.show(`${kubectl} describe deployment ${app.name} | grep -A 7 Limits:`);
  screen.check(
    "limits and both probes are set, 2 pods are available",
    /Limits:[^]*memory:[^]*Liveness:[^]*Readiness:/.test(told) && pods.length === 2,
  );
}
