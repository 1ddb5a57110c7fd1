import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";
import type { JsonObject } from "./json.ts";
import { startProxyProcess, type ProxyProcess } from "./proxy-process.ts";

/** Starts the bundled data plane, as a person would: `chancery proxy` on a bootstrap file; see `startProxyProcess`. */
export async function startBundledProxy(
  bootstrap: JsonObject,
  options: { readonly untilLive?: boolean; readonly args?: readonly string[] } = {},
): Promise<ProxyProcess> {
  const program = fileURLToPath(import.meta.resolve("#root/dist/src/main.js"));
  return startProxyProcess(
    bootstrap,
    (files) =>
      new Child(process.execPath, [
        "--enable-source-maps",
        program,
        "proxy",
        "--config-path",
        files.bootstrap,
        "--admin-address-path",
        files.adminAddress,
        ...(options.args ?? []),
      ]),
    options,
  );
}
