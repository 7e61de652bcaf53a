// Builds each page that has an index.html into the Python package that serves it: `npm run build [-- PAGE...]`.
// Beside the page goes the digest of its sources; a test fails when it is not that of the sources as they are.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "vite";

const ROOT = import.meta.dirname;
const SERVED_FROM = {
  console: "../firedrill/sandbox/datadog/console/static",
  theater: "../service/static/theater",
  report: "../firedrill/prove/report_page",
};

function files(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path).flatMap((name) => files(join(path, name)));
}

/** The SHA-256 over relative path and content of a page's sources, sorted by path. */
function digest(page) {
  const sources = [page, "shared", "package-lock.json", "tsconfig.json", "build.mjs"];
  const paths = sources.flatMap((name) => files(join(ROOT, name))).map((path) => path.slice(ROOT.length + 1));
  const sum = createHash("sha256");
  for (const path of paths.sort()) sum.update(`${path}\0`).update(readFileSync(join(ROOT, path))).update("\0");
  return sum.digest("hex");
}

/** Move the maps out of the served folder, with copies of their scripts, for the upload to Datadog. */
function keepMaps(page, outDir) {
  const folder = join(ROOT, "maps", page);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const map of files(outDir).filter((path) => path.endsWith(".js.map"))) {
    copyFileSync(map.slice(0, -".map".length), join(folder, basename(map, ".map")));
    renameSync(map, join(folder, basename(map)));
  }
}

const chosen = process.argv.slice(2);
for (const [page, folder] of Object.entries(SERVED_FROM)) {
  if (!existsSync(join(ROOT, page, "index.html")) || (chosen.length && !chosen.includes(page))) continue;
  const outDir = join(ROOT, folder);
  await build({
    root: join(ROOT, page),
    base: "./",
    configFile: false,
    build: { outDir, emptyOutDir: true, assetsInlineLimit: 0, sourcemap: "hidden", modulePreload: { polyfill: false } },
  });
  keepMaps(page, outDir);
  writeFileSync(join(outDir, "sources.sha256"), `${digest(page)}\n`);
}
