import { app } from "../api.ts";
import { versions } from "../releases.ts";
import { freePort } from "../shell.ts";
import { type Stage, kubectl } from "./stage.ts";

const PORT = 8085;

/** Scene 2: the two endpoints and the page, through a port-forward. */
export async function visit({ screen, shell, api }: Stage): Promise<void> {
  screen.scene(2, "Talk to it");
  screen.reasonMessage("From this machine the Service is reached through a port-forward:");
  const port = await freePort(PORT);
  const forward = `${kubectl} port-forward service/${app.name} ${port}:80`;
  screen.command(`${forward} &`);
  const running = await shell.start(forward, { ready: /^Forwarding from/ });
  screen.output(running.readyLine);
  const greeting = await shell.show(`curl --silent --show-error http://127.0.0.1:${port}/`);
  const health = await shell.show(`curl --silent --show-error http://127.0.0.1:${port}/health`);
  screen.check(
    "both answers are what the app promises",
    greeting === `{"message":"Hello from SRE Demo App!","version":"${versions.first}"}` &&
      health === '{"status":"healthy"}',
  );
  screen.reasonMessage(
    "",
    "A browser asks for HTML and gets a page that shows which version and pod answers each request:",
  );
  const title = await shell.show(
    `curl --silent --show-error --header 'Accept: text/html' http://127.0.0.1:${port}/ | grep '<title>'`,
  );
  screen.check("it is the page", title.includes("SRE Demo App"));
  await running.stop();
  screen.reasonMessage(
    "",
    "A port-forward stays with one pod; this way goes through the Service to all of them, as long as the",
    `demo runs:  ${api.serviceUrl}`,
  );
}
