import type { MessageTypes } from "../../src/schema/api.ts";
import type { Parsed } from "./parsed.ts";
import { refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";

type DataSourceMessage = MessageTypes["envoy.config.core.v3.DataSource"];

/** The machine, as far as the configuration names things on it. */
export interface LocalData {
  /** @throws the system's error */
  readFile(path: string): Buffer;
  environment(name: string): string | undefined;
  exists(path: string): boolean;
  /**
   * Calls back with the name of each file that comes to be in a directory, most of all by a rename; not for what is written to a file
   * that is there, and not for what goes. Gives the function that ends it.
   *
   * @throws the system's error
   */
  watch(directory: string, onRename: (name: string) => void): () => void;
}

/** The content of an `envoy.config.core.v3.DataSource`. */
export interface LoadedData {
  readonly bytes: Buffer;
  /** The path of its file; `<inline>` for everything else, empty where there is nothing. What Envoy calls it in its messages. */
  readonly from: string;
}

/** Every way to give data but a folder that is watched: what is read once stays as it is. */
export const dataSourceSupport: SupportTable = {
  filename: true,
  inline_bytes: true,
  inline_string: true,
  environment_variable: true,
};

const nothing: LoadedData = { bytes: Buffer.alloc(0), from: "" };

/** Reads a DataSource; one that is absent or empty gives no bytes, and who needs them says so. */
export function readDataSource(
  source: DataSourceMessage | null | undefined,
  local: LocalData,
  path: string,
): Parsed<LoadedData> {
  if (!source) return { value: nothing, problems: [] };
  if (source.filename !== undefined) {
    try {
      return { value: { bytes: local.readFile(source.filename), from: source.filename }, problems: [] };
    } catch (error) {
      const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
      return { problems: [refuse(`${path}.filename`, `unable to read ${source.filename}: ${reason}`)] };
    }
  }
  const { environment_variable: variable } = source;
  if (variable !== undefined) {
    const found = local.environment(variable);
    if (found === undefined) {
      const rule = `Environment variable doesn't exist: ${variable}`;
      return { problems: [refuse(`${path}.environment_variable`, rule)] };
    }
    return { value: inline(Buffer.from(found)), problems: [] };
  }
  return { value: inline(source.inline_bytes ?? Buffer.from(source.inline_string ?? "")), problems: [] };
}

function inline(bytes: Buffer): LoadedData {
  return bytes.length === 0 ? nothing : { bytes, from: "<inline>" };
}
