// `node webhook-server.mjs <key> <certificate>`: an admission webhook on a free port of 127.0.0.1 that refuses every
// request. Prints the port. Exits when its standard input ends.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

const [, , key, cert] = process.argv;
const status = { message: "not on a Friday" };

const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (part) => (text += part));
  request.on("end", () => {
    const { apiVersion, kind, request: reviewed } = JSON.parse(text);
    const review = { apiVersion, kind, response: { uid: reviewed.uid, allowed: false, status } };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(review));
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit(0));
