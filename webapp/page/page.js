// Requests /version repeatedly and shows which version and pod responded. Plain JavaScript for the browser: page.ts
// inserts it into the page, so that one response contains the whole page, even during a rolling update.

/** Number of latest results that the page shows and counts. Divisible by every column count of the grid. */
const WINDOW = 120;
/** Browsers open at most 6 connections to one host: the time that a request waits for one would count as latency. */
const MAX_IN_FLIGHT = 6;
const TIMEOUT_MS = 5000;
const COLOURS = 6;
/** Minimum interval between two summaries for screen readers, in milliseconds. */
const SUMMARY_INTERVAL_MS = 10_000;

/**
 * @typedef {object} Result
 * @property {string} [version] - Undefined if no pod of the app responded.
 * @property {string} [pod]
 * @property {boolean} ok
 * @property {string} outcome - The status code, or why there is none.
 * @property {number} ms - Time until the response or failure.
 */

/** @type {Result[]} Oldest first. */
let results = [];
/** Number of results since the last clear. The next result goes into cell `total % WINDOW`. */
let total = 0;
let inFlight = 0;
let paused = false;
let summarizedAt = 0;
let drawPending = false;
/** Incremented by each clear, so that results of earlier requests are dropped. */
let generation = 0;
/** Version -> index of its colour. */
const versionColours = new Map();
/** Pod -> letter, in order of appearance. */
const podLetters = new Map();

const byId = (id) => document.getElementById(id);
const grid = byId("grid");
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const share = (part, whole) => percent.format(whole === 0 ? 0 : part / whole).replace("%", " %");
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function element(tag, className, text = "") {
  const created = document.createElement(tag);
  created.className = className;
  created.textContent = text;
  return created;
}

/** Index 0 -> A, 25 -> Z, 26 -> AA, 27 -> AB. */
function letters(index) {
  const last = String.fromCodePoint(65 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

/** A version's colour, by its characters: a reload shows it in the same colour, whichever version responds first. */
function colourOf(version) {
  const sum = Array.from(version, (character) => character.codePointAt(0)).reduce((a, b) => a + b);
  const colours = Array.from({ length: COLOURS }, (_, i) => (sum + i) % COLOURS);
  const used = new Set(versionColours.values());
  return colours.find((colour) => !used.has(colour)) ?? colours[0];
}

function getOrCreate(map, key, create) {
  if (!map.has(key)) map.set(key, create(key));
  return map.get(key);
}

const letterOf = (pod) => getOrCreate(podLetters, pod, () => letters(podLetters.size));
/** The CSS class that gives a version its colour and shape. */
const classOf = (version) =>
  version === undefined ? "unknown" : `v${getOrCreate(versionColours, version, colourOf)}`;

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** Groups `list` by `key`, in the order of the keys. */
function groups(list, key, compare) {
  const byKey = Map.groupBy(list, (result) => result[key]);
  byKey.delete(undefined);
  return [...byKey].sort(([a], [b]) => compare(a, b));
}

const { compare: compareVersions } = new Intl.Collator("en", { numeric: true });
/** By first appearance since the last clear. */
function comparePods(a, b) {
  const order = [...podLetters.keys()];
  return order.indexOf(a) - order.indexOf(b);
}

/** @returns {Promise<Result>} */
async function requestVersion() {
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  try {
    const response = await fetch("version", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.text();
    return {
      version: response.headers.get("x-app-version") ?? undefined,
      pod: response.headers.get("x-app-pod") ?? undefined,
      ok: response.ok,
      outcome: `status ${response.status}`,
      ms: elapsedMs(),
    };
  } catch (error) {
    return {
      ok: false,
      outcome: error.name === "TimeoutError" ? "timeout" : "connection failed",
      ms: elapsedMs(),
    };
  }
}

function add(result) {
  const cell = grid.children[total % WINDOW];
  grid.querySelector(".newest")?.classList.remove("newest");
  const newest = element("span", `cell filled newest ${classOf(result.version)}`);
  if (result.ok) newest.textContent = letterOf(result.pod);
  else newest.classList.add("error");
  const source =
    result.pod === undefined ? "unknown pod" : `${result.version} on ${letterOf(result.pod)}, ${result.pod}`;
  newest.title = `${source}: ${result.outcome}, ${Math.round(result.ms)} ms`;
  cell.replaceWith(newest);
  total += 1;
  results = [...results, result].slice(-WINDOW);
  draw();
}

const failures = (list) => list.filter(({ ok }) => !ok).length;

function versionCard([version, list], responses) {
  const card = element("li", `card version ${classOf(version)}`);
  const name = element("p", "card-name");
  name.append(element("span", "swatch"), version);
  const pods = plural(new Set(list.map(({ pod }) => pod)).size, "pod");
  const detail = element("p", "card-detail", `${pods} · ${plural(list.length, "response")}`);
  const failed = failures(list);
  if (failed > 0) detail.append(" · ", element("span", "some-errors", plural(failed, "error")));
  card.append(name, element("p", "card-share", share(list.length, responses)), detail);
  return card;
}

function podRow([pod, list], responses) {
  const row = element("tr", classOf(list.at(-1).version));
  const name = element("td", "");
  const flex = element("div", "pod");
  flex.append(element("span", "letter", letterOf(pod)), pod);
  name.append(flex);
  const failed = failures(list);
  row.append(
    name,
    element("td", "", list.at(-1).version),
    element("td", "number", share(list.length, responses)),
    element("td", failed > 0 ? "number some-errors" : "number", failed > 0 ? `✕ ${failed}` : "0"),
    element("td", "number", `${Math.round(median(list.map(({ ms }) => ms)))} ms`),
  );
  return row;
}

function drawErrors(failed) {
  const state = results.length === 0 ? "waiting" : failed === 0 ? "none" : "some";
  byId("errors").dataset.state = state;
  byId("error-share").textContent = state === "waiting" ? "–" : share(failed, results.length);
  byId("error-detail").textContent =
    state === "waiting"
      ? "waiting for the first response"
      : `${failed} of ${plural(results.length, "request")}`;
}

function drawBar(versions) {
  const bar = byId("bar");
  // Existing parts are reused, so that the CSS transition animates their width.
  while (bar.children.length > versions.length) bar.lastChild.remove();
  while (bar.children.length < versions.length) bar.append(element("span", ""));
  for (const [index, [version, list]] of versions.entries()) {
    bar.children[index].className = classOf(version);
    bar.children[index].style.flexGrow = list.length;
  }
}

function summarize(versions, responses, failed) {
  if (performance.now() - summarizedAt < SUMMARY_INTERVAL_MS) return;
  summarizedAt = performance.now();
  const parts = versions.map(([version, list]) => `${share(list.length, responses)} version ${version}`);
  byId("summary").textContent = [...parts, `${share(failed, results.length)} errors`].join(", ");
}

function drawNow() {
  drawPending = false;
  const versions = groups(results, "version", compareVersions);
  // Pods are grouped by version, each group in order of appearance.
  const pods = versions.flatMap(([, list]) => groups(list, "pod", comparePods));
  const responses = versions.reduce((sum, [, list]) => sum + list.length, 0);
  const failed = failures(results);
  byId("window").textContent = results.length === 0 ? "" : `of the last ${plural(results.length, "request")}`;
  drawBar(versions);
  byId("cards").replaceChildren(...versions.map((entry) => versionCard(entry, responses)), byId("errors"));
  drawErrors(failed);
  const none = element("tr", "empty");
  none.append(Object.assign(element("td", "", "None yet"), { colSpan: 5 }));
  byId("pods").replaceChildren(
    ...(pods.length === 0 ? [none] : pods.map((entry) => podRow(entry, responses))),
  );
  summarize(versions, responses, failed);
}

/** Draws at most once per frame. */
function draw() {
  if (drawPending) return;
  drawPending = true;
  requestAnimationFrame(drawNow);
}

async function probe() {
  if (paused || document.hidden || inFlight >= MAX_IN_FLIGHT) return;
  const requestGeneration = generation;
  inFlight += 1;
  const result = await requestVersion();
  inFlight -= 1;
  if (requestGeneration === generation) add(result);
}

function clear() {
  generation += 1;
  results = [];
  total = 0;
  summarizedAt = 0;
  versionColours.clear();
  podLetters.clear();
  grid.replaceChildren(...Array.from({ length: WINDOW }, () => element("span", "cell")));
  draw();
}

function probeRepeatedly() {
  void probe();
  setTimeout(probeRepeatedly, 1000 / byId("rate").valueAsNumber);
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
probeRepeatedly();
