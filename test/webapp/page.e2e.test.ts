import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchChromium } from "../support/chromium.ts";
import { listen, roundRobin } from "../support/webapp.ts";
import type { Listening, RoundRobin } from "../support/webapp.ts";

const artifacts = join(import.meta.dirname, "../../artifacts");
const desktop = { viewport: { width: 1280, height: 1000 } };
const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true };

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
  await mkdir(artifacts, { recursive: true });
});
afterAll(() => browser.close());

const running: Listening[] = [];
let service: RoundRobin;
/** Consoles of all the test's pages. */
let complaints: string[];

async function pod(version: string, id: string, errorEvery = Infinity): Promise<Listening> {
  let answers = 0;
  const random = () => (++answers % errorEvery === 0 ? 0 : 0.99);
  const name = `sre-demo-app-7c9f6d5b8-${id}`;
  const env = {
    APP_VERSION: version,
    POD_NAME: name,
    FAULT_ERROR_RATE: errorEvery === Infinity ? "0" : "0.5",
  };
  const started = await listen(env, { random });
  running.push(started);
  return started;
}

beforeEach(async () => {
  complaints = [];
  service = await roundRobin([
    await pod("1.0.0", "x2k4q"),
    await pod("1.0.0", "m8vzt"),
    await pod("1.1.0", "c5h9w"),
  ]);
  running.push(service);
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function open(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ ...desktop, ...options });
  const page = await context.newPage();
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`http://127.0.0.1:${service.port}/`);
  return page;
}

const setRate = (page: Page, perSecond: number) => page.getByLabel("Rate").fill(String(perSecond));
const answered = (page: Page) => page.locator(".cell.answered").count();
const until = (page: Page, cells: number) =>
  page
    .locator(".cell.answered")
    .nth(cells - 1)
    .waitFor();
const percentOf = async (page: Page, selector: string) =>
  Number.parseFloat((await page.locator(selector).textContent()) ?? "");

describe("the page", () => {
  test("gives each version's share of the answers in numbers, and each pod's", async () => {
    const page = await open();
    await setRate(page, 20);
    await until(page, 120);
    const versions = page.locator(".card.version");
    expect(await versions.locator(".card-name").allTextContents()).toStrictEqual(
      expect.arrayContaining(["1.0.0", "1.1.0"]),
    );
    const [old, fresh] = ["1.0.0", "1.1.0"].map((version) => versions.filter({ hasText: version }));
    expect(Number.parseFloat((await old?.locator(".card-share").textContent()) ?? "")).toBeCloseTo(
      66.7,
      -0.5,
    );
    expect(Number.parseFloat((await fresh?.locator(".card-share").textContent()) ?? "")).toBeCloseTo(
      33.3,
      -0.5,
    );
    expect(await page.locator("#pods tr").count()).toBe(3);
    expect((await page.locator("#pods .letter").allTextContents()).sort()).toStrictEqual(["A", "B", "C"]);
    expect(await page.locator("#window").textContent()).toBe("of the last 120 requests");
  });

  test("says that there are no errors with a sign and a number", async () => {
    const page = await open();
    await until(page, 4);
    await page.waitForSelector("#errors[data-state=none]");
    expect(await page.locator("#error-share").textContent()).toBe("0 %");
  });

  test("shows errors as a shape in the wall and as a number that agrees with it", async () => {
    service.backends = [await pod("1.0.0", "x2k4q"), await pod("1.1.0", "bad01", 2)];
    const page = await open();
    await setRate(page, 20);
    await until(page, 120);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.waitForSelector("#errors[data-state=some]");
    expect(await percentOf(page, "#error-share")).toBeCloseTo(25, -0.5);
    const crosses = page.locator(".cell.error");
    expect(await page.locator("#error-detail").textContent()).toBe(
      `${await crosses.count()} of 120 requests`,
    );
    expect(await crosses.first().textContent()).toBe("");
    expect(await crosses.first().getAttribute("title")).toMatch(
      /^1\.1\.0 on [AB], .*bad01: status 500, \d+ ms$/,
    );
  });

  test("counts what nobody answered as an error of no version", async () => {
    const gone = await pod("1.0.0", "gone0");
    await gone.close();
    const page = await open();
    await until(page, 3);
    service.backends = [gone];
    await page.waitForSelector(".cell.error.unknown");
    expect(await page.locator(".cell.error").first().getAttribute("title")).toMatch(
      /^nobody: no connection, /,
    );
    expect(await page.locator(".card.version").count()).toBe(2);
  });

  test("works by keyboard alone", async () => {
    const page = await open();
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#rate-text").textContent()).toBe("5 per second");
    await page.keyboard.press("Tab");
    await until(page, 1);
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Resume" }).waitFor();
    // What was asked before the pause may still come in; five beats later nothing more does.
    await page.waitForLoadState("networkidle");
    const asked = service.asked();
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1000)));
    expect(service.asked()).toBe(asked);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await answered(page)).toBe(0);
  });

  test("asks four times a second unless told otherwise", async () => {
    const page = await open();
    await until(page, 2);
    const [before, startedAt] = [service.asked(), performance.now()];
    await until(page, 12);
    const perSecond = (service.asked() - before) / ((performance.now() - startedAt) / 1000);
    expect(perSecond).toBeLessThan(4.5);
    expect(perSecond).toBeGreaterThan(2);
  });

  test("moves only for those who like motion", async () => {
    const animation = async (page: Page) => {
      await until(page, 1);
      return page.evaluate("getComputedStyle(document.querySelector('.cell.answered')).animationName");
    };
    expect(await animation(await open())).toBe("appear");
    expect(await animation(await open({ reducedMotion: "reduce" }))).toBe("none");
  });

  test("runs clean under its Content-Security-Policy, which refuses any other script", async () => {
    const page = await open();
    await until(page, 8);
    expect(complaints).toStrictEqual([]);
    await expect(page.addScriptTag({ content: "window.intruder = 1" })).rejects.toThrow(/TrustedScript/);
  });

  test.each([
    ["desktop", "light", desktop],
    ["desktop", "dark", desktop],
    ["phone", "light", phone],
    ["phone", "dark", phone],
  ] as const)("fits a %s in %s colours in the middle of a rollout", async (device, colorScheme, options) => {
    const page = await open({ ...options, colorScheme });
    await setRate(page, 20);
    await until(page, 40);
    const [first, second, fresh] = service.backends as [Listening, Listening, Listening];
    const next = await pod("1.1.0", "k7d2r", 9);
    service.backends = [first, second, fresh, next];
    await until(page, 80);
    service.backends = [second, fresh, next];
    await until(page, 112);
    const width = await page.evaluate("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(options.viewport.width);
    await page.screenshot({ path: join(artifacts, `page-${device}-${colorScheme}.png`), fullPage: true });
  });
});
