// A viewer with npm's `ws`: node viewer.cjs FOLDER-OF-WS '{"url": "ws://…", "headers": {…}}'
// Says what happens, and does what it is told, one JSON object a line.
const readline = require("node:readline");
const WebSocket = require(process.argv[2]);

const job = JSON.parse(process.argv[3]);
const say = (word) => process.stdout.write(JSON.stringify(word) + "\n");
const socket = new WebSocket(job.url, { headers: job.headers });

socket.on("open", () => say({ open: true }));
socket.on("message", (data) => say({ frame: data.toString() }));
socket.on("pong", () => say({ pong: true }));
socket.on("close", (code) => {
  say({ closed: code });
  process.exit(0);
});
socket.on("error", (error) => say({ error: String(error) }));
socket.on("unexpected-response", (request, response) => {
  let body = "";
  response.on("data", (data) => (body += data));
  response.on("end", () => {
    say({ refused: response.statusCode, body });
    process.exit(0);
  });
});

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const word = JSON.parse(line);
  if (word.send) socket.send(word.send);
  else if (word.ping) socket.ping();
  else if (word.close) socket.close(1000);
});
