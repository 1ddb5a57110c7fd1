import type { Problem } from "../../src/base/problem.ts";
import { hasErrors } from "../../src/base/problem.ts";
import type { SourceFile } from "../../src/schema/source-node.ts";
import type { BootstrapConfig, BootstrapOptions } from "./bootstrap.ts";
import { parseBootstrap } from "./bootstrap.ts";
import type { MapOptions } from "./map-document.ts";
import { readBootstrap } from "./read-bootstrap.ts";

/** What came of loading a bootstrap: the configuration, unless a problem is an error. */
export interface LoadedBootstrap {
  readonly config?: BootstrapConfig;
  /** Each with its place in the texts. */
  readonly problems: readonly Problem[];
}

/** From the texts of a bootstrap to a configuration that is ready to start: `readBootstrap`, then `parseBootstrap`. */
export function loadBootstrap(
  files: readonly SourceFile[],
  options: BootstrapOptions & MapOptions,
): LoadedBootstrap {
  const { bootstrap, problems: found, place } = readBootstrap(options.schema, files, options);
  if (!bootstrap) return { problems: found };
  const { value, problems: more } = parseBootstrap(bootstrap, options);
  const problems = [...found, ...more.map(place)];
  return value && !hasErrors(problems) ? { config: value, problems } : { problems };
}
