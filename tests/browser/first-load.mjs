// What a page's first load weighs and takes with an empty cache and a processor slowed down four times.
// As a program: `node first-load.mjs` measures the workspace of the demo, `node first-load.mjs URL COOKIE` that of another desk
// (say, a filled one of bench/), and prints one line.
import { pathToFileURL } from "node:url";

/**
 * Loads `path` in a fresh context of somebody signed in: {bytes, requests, load, paint}; bytes as they came over the wire,
 * headers included, times in milliseconds since the navigation began.
 */
export async function firstLoad(page, path, slower = 4) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.clearBrowserCache");
  await session.send("Emulation.setCPUThrottlingRate", { rate: slower });
  let bytes = 0;
  let requests = 0;
  session.on("Network.loadingFinished", (event) => {
    bytes += event.encodedDataLength;
    requests += 1;
  });
  // The stream of live pages never ends, so the page's own load event is what is waited for.
  await page.goto(path, { waitUntil: "load" });
  const times = await page.evaluate(async () => {
    const [navigation] = performance.getEntriesByType("navigation");
    const paint = await new Promise((resolve) => {
      new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime)).observe({ type: "largest-contentful-paint", buffered: true });
    });
    return { load: navigation.loadEventStart, paint };
  });
  await session.detach();
  return { bytes, requests, ...times };
}

async function main([url, cookie]) {
  const { startDemo } = await import("./harness.mjs");
  const demo = await startDemo();
  try {
    const runs = [];
    for (let i = 0; i < 9; i++) {
      const page = url ? await demo.visitor({ baseURL: url, extraHTTPHeaders: { cookie } }) : await demo.as("storage@demo");
      // Away from the desk first, so that nothing of it is open.
      await page.goto("about:blank");
      runs.push(await firstLoad(page, "/work"));
      await page.context().close();
    }
    const middle = (name) => runs.map((r) => r[name]).sort((a, b) => a - b)[4];
    const most = (name) => Math.max(...runs.map((r) => r[name]));
    console.log(`workspace: ${(middle("bytes") / 1000).toFixed(1)} kB in ${middle("requests")} requests; loaded after ${middle("load").toFixed(0)} ms (most ${most("load").toFixed(0)}), largest paint after ${middle("paint").toFixed(0)} ms (most ${most("paint").toFixed(0)}); 9 loads, processor 4 times slower`);
  } finally {
    await demo.stop();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
