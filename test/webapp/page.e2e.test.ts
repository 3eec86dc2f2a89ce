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
/** Console messages and errors of all pages of a test. */
let consoleMessages: string[];

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
  consoleMessages = [];
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
  page.on("console", (message) => consoleMessages.push(message.text()));
  page.on("pageerror", (error) => consoleMessages.push(error.message));
  await page.goto(`http://127.0.0.1:${service.port}/`);
  return page;
}

const setRate = (page: Page, perSecond: number) => page.getByLabel("Rate").fill(String(perSecond));
const filledCells = (page: Page) => page.locator(".cell.filled").count();
const until = (page: Page, cells: number) =>
  page
    .locator(".cell.filled")
    .nth(cells - 1)
    .waitFor();
const percentOf = async (page: Page, selector: string) =>
  Number.parseFloat((await page.locator(selector).textContent()) ?? "");

describe("the page", () => {
  test("two versions on three pods: shows each version's and each pod's share of the responses as a number", async () => {
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

  test("a reload: each version keeps its colour and place, whichever responds first", async () => {
    const all = service.backends;
    const cardsAfter = async (first: Listening | undefined) => {
      service.backends = first === undefined ? [] : [first];
      const page = await open();
      await until(page, 1);
      service.backends = all;
      await setRate(page, 20);
      await until(page, 12);
      const cards = await page.locator(".card.version").all();
      return Promise.all(
        cards.map(async (card) => [
          await card.getAttribute("class"),
          await card.locator(".card-name").textContent(),
        ]),
      );
    };
    const before = await cardsAfter(all[0]);
    expect(before.map(([, name]) => name)).toStrictEqual(["1.0.0", "1.1.0"]);
    expect(await cardsAfter(all[2])).toStrictEqual(before);
  });

  test("no errors: the error card shows a tick and 0 %", async () => {
    const page = await open();
    await until(page, 4);
    await page.waitForSelector("#errors[data-state=none]");
    expect(await page.locator("#error-share").textContent()).toBe("0 %");
  });

  test("a pod fails half of its requests: errors are crosses in the grid, and the number matches", async () => {
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

  test("a request gets no response: counted as an error without a version", async () => {
    const gone = await pod("1.0.0", "gone0");
    await gone.close();
    const page = await open();
    await until(page, 3);
    service.backends = [gone];
    await page.waitForSelector(".cell.error.unknown");
    expect(await page.locator(".cell.error").first().getAttribute("title")).toMatch(
      /^unknown pod: connection failed, /,
    );
    expect(await page.locator(".card.version").count()).toBe(2);
  });

  test("keyboard only: rate, pause and clear work", async () => {
    const page = await open();
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#rate-text").textContent()).toBe("5 per second");
    await page.keyboard.press("Tab");
    await until(page, 1);
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Resume" }).waitFor();
    // Requests sent before the pause may still complete. Within the next second, five probes would be due.
    await page.waitForLoadState("networkidle");
    const requests = service.requests();
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1000)));
    expect(service.requests()).toBe(requests);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await filledCells(page)).toBe(0);
  });

  test("the default rate: about four requests per second", async () => {
    const page = await open();
    await until(page, 2);
    const [before, startedAt] = [service.requests(), performance.now()];
    await until(page, 12);
    const perSecond = (service.requests() - before) / ((performance.now() - startedAt) / 1000);
    expect(perSecond).toBeLessThan(4.5);
    expect(perSecond).toBeGreaterThan(2);
  });

  test("the user prefers reduced motion: no animation", async () => {
    const animation = async (page: Page) => {
      await until(page, 1);
      return page.evaluate("getComputedStyle(document.querySelector('.cell.filled')).animationName");
    };
    expect(await animation(await open())).toBe("appear");
    expect(await animation(await open({ reducedMotion: "reduce" }))).toBe("none");
  });

  test("the Content-Security-Policy: the page runs without console messages, and other scripts are refused", async () => {
    const page = await open();
    await until(page, 8);
    expect(consoleMessages).toStrictEqual([]);
    await expect(page.addScriptTag({ content: "window.intruder = 1" })).rejects.toThrow(/TrustedScript/);
  });

  test.each([
    ["desktop", "light", desktop],
    ["desktop", "dark", desktop],
    ["phone", "light", phone],
    ["phone", "dark", phone],
  ] as const)(
    "a %s with %s colours during a rollout: the page fits its width",
    async (device, colorScheme, options) => {
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
    },
  );
});
