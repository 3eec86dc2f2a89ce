// Asks /version again and again and shows who answered. Plain JavaScript for the browser: it is put into the
// page as it is, so that one response holds all of it and a rolling update can't mix the parts of two versions.

/** Answers that are shown and counted; fills the wall's rows at each of its widths. */
const WINDOW = 120;
/** A browser opens no more connections to one host; what waits for one would count as slow. */
const MOST_IN_FLIGHT = 6;
const TIMEOUT_MS = 5000;
const COLOURS = 6;
/** How often a screen reader is told, in milliseconds. */
const SUMMARY_INTERVAL_MS = 10_000;

/**
 * @typedef {object} Answer
 * @property {string} [version] - Undefined if nobody of ours answered.
 * @property {string} [pod]
 * @property {boolean} ok
 * @property {string} said - The status code, or why there is none.
 * @property {number} ms - Until the answer was there.
 */

/** @type {Answer[]} Oldest first. */
let answers = [];
/** Answers since the last clear: the next one goes into cell `total % WINDOW`. */
let total = 0;
let inFlight = 0;
let paused = false;
let summarizedAt = 0;
let drawPending = false;
/** Counts up with each clear, so that an answer to an older question is dropped. */
let generation = 0;
/** Version -> its number in order of appearance; pod -> its letter. */
const versionNumbers = new Map();
const podLetters = new Map();

const byId = (id) => document.getElementById(id);
const wall = byId("wall");
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const share = (part, whole) => percent.format(whole === 0 ? 0 : part / whole).replace("%", " %");
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** A, B, … Z, AA, AB, … */
function letters(index) {
  const last = String.fromCodePoint(65 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

function remember(map, key, value) {
  if (!map.has(key)) map.set(key, value(map.size));
  return map.get(key);
}

const letterOf = (pod) => remember(podLetters, pod, letters);
const lookOf = (version) =>
  version === undefined ? "unknown" : `v${remember(versionNumbers, version, (size) => size) % COLOURS}`;

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** The groups of `list` with the same `key`, by first appearance of that key since the last clear. */
function groups(list, key, order) {
  const found = Map.groupBy(list, (answer) => answer[key]);
  found.delete(undefined);
  const ranks = [...order.keys()];
  return [...found].sort(([a], [b]) => ranks.indexOf(a) - ranks.indexOf(b));
}

/** @returns {Promise<Answer>} */
async function ask() {
  const startedAt = performance.now();
  const since = () => performance.now() - startedAt;
  try {
    const response = await fetch("version", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.text();
    return {
      version: response.headers.get("x-app-version") ?? undefined,
      pod: response.headers.get("x-app-pod") ?? undefined,
      ok: response.ok,
      said: `status ${response.status}`,
      ms: since(),
    };
  } catch (error) {
    return {
      ok: false,
      said: error.name === "TimeoutError" ? "no answer in time" : "no connection",
      ms: since(),
    };
  }
}

function add(answer) {
  const cell = wall.children[total % WINDOW];
  wall.querySelector(".newest")?.classList.remove("newest");
  const fresh = element("span", `cell answered newest ${lookOf(answer.version)}`);
  if (answer.ok) fresh.textContent = letterOf(answer.pod);
  else fresh.classList.add("error");
  const who =
    answer.pod === undefined ? "nobody" : `${answer.version} on ${letterOf(answer.pod)}, ${answer.pod}`;
  fresh.title = `${who}: ${answer.said}, ${Math.round(answer.ms)} ms`;
  cell.replaceWith(fresh);
  total += 1;
  answers = [...answers, answer].slice(-WINDOW);
  draw();
}

const failures = (list) => list.filter(({ ok }) => !ok).length;

function versionCard([version, list], answered) {
  const card = element("li", `card version ${lookOf(version)}`);
  const name = element("p", "card-name");
  name.append(element("span", "swatch"), version);
  const pods = plural(new Set(list.map(({ pod }) => pod)).size, "pod");
  const detail = element("p", "card-detail", `${pods} · ${plural(list.length, "answer")}`);
  const failed = failures(list);
  if (failed > 0) detail.append(" · ", element("span", "some-errors", plural(failed, "error")));
  card.append(name, element("p", "card-share", share(list.length, answered)), detail);
  return card;
}

function podRow([pod, list], answered) {
  const row = element("tr", lookOf(list.at(-1).version));
  const name = element("td", "");
  const flex = element("div", "pod");
  flex.append(element("span", "letter", letterOf(pod)), pod);
  name.append(flex);
  const failed = failures(list);
  row.append(
    name,
    element("td", "", list.at(-1).version),
    element("td", "number", share(list.length, answered)),
    element("td", failed > 0 ? "number some-errors" : "number", failed > 0 ? `✕ ${failed}` : "0"),
    element("td", "number", `${Math.round(median(list.map(({ ms }) => ms)))} ms`),
  );
  return row;
}

function drawErrors(failed) {
  const state = answers.length === 0 ? "waiting" : failed === 0 ? "none" : "some";
  byId("errors").dataset.state = state;
  byId("error-share").textContent = state === "waiting" ? "–" : share(failed, answers.length);
  byId("error-detail").textContent =
    state === "waiting"
      ? "waiting for the first answer"
      : `${failed} of ${plural(answers.length, "request")}`;
}

function drawBar(versions) {
  const bar = byId("bar");
  // Parts are kept and not made anew: a new one would not move from its old width to the new one.
  while (bar.children.length > versions.length) bar.lastChild.remove();
  while (bar.children.length < versions.length) bar.append(element("span", ""));
  for (const [index, [version, list]] of versions.entries()) {
    bar.children[index].className = lookOf(version);
    bar.children[index].style.flexGrow = list.length;
  }
}

function summarize(versions, answered, failed) {
  if (performance.now() - summarizedAt < SUMMARY_INTERVAL_MS) return;
  summarizedAt = performance.now();
  const parts = versions.map(([version, list]) => `${share(list.length, answered)} version ${version}`);
  byId("summary").textContent = [...parts, `${share(failed, answers.length)} errors`].join(", ");
}

function drawNow() {
  drawPending = false;
  const versions = groups(answers, "version", versionNumbers);
  // A version's pods stand together, each version's in order of appearance.
  const pods = versions.flatMap(([, list]) => groups(list, "pod", podLetters));
  const answered = versions.reduce((sum, [, list]) => sum + list.length, 0);
  const failed = failures(answers);
  byId("window").textContent = answers.length === 0 ? "" : `of the last ${plural(answers.length, "request")}`;
  drawBar(versions);
  byId("cards").replaceChildren(...versions.map((entry) => versionCard(entry, answered)), byId("errors"));
  drawErrors(failed);
  const none = element("tr", "empty");
  none.append(Object.assign(element("td", "", "None yet"), { colSpan: 5 }));
  byId("pods").replaceChildren(
    ...(pods.length === 0 ? [none] : pods.map((entry) => podRow(entry, answered))),
  );
  summarize(versions, answered, failed);
}

/** Draws once a frame at most. */
function draw() {
  if (drawPending) return;
  drawPending = true;
  requestAnimationFrame(drawNow);
}

async function probe() {
  if (paused || document.hidden || inFlight >= MOST_IN_FLIGHT) return;
  const asked = generation;
  inFlight += 1;
  const answer = await ask();
  inFlight -= 1;
  if (asked === generation) add(answer);
}

function clear() {
  generation += 1;
  answers = [];
  total = 0;
  summarizedAt = 0;
  versionNumbers.clear();
  podLetters.clear();
  wall.replaceChildren(...Array.from({ length: WINDOW }, () => element("span", "cell")));
  draw();
}

function beat() {
  void probe();
  setTimeout(beat, 1000 / byId("rate").valueAsNumber);
}

byId("rate").addEventListener("input", ({ target }) => {
  byId("rate-text").textContent = `${target.value} per second`;
});
byId("pause").addEventListener("click", ({ target }) => {
  paused = !paused;
  target.textContent = paused ? "Resume" : "Pause";
});
byId("clear").addEventListener("click", clear);
clear();
beat();
