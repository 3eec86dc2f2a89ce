// `node webhook-server.mjs <key> <certificate>`: an admission webhook on a free port of 127.0.0.1 that refuses whatever
// it is asked about; prints its port, and ends with its standard input.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

const [, , key, cert] = process.argv;
const refusal = { message: "not on a Friday" };

const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (part) => (text += part));
  request.on("end", () => {
    const { apiVersion, kind, request: asked } = JSON.parse(text);
    const answer = { uid: asked.uid, allowed: false, status: refusal };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ apiVersion, kind, response: answer }));
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit(0));
