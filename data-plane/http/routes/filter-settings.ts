import { typeNameOf } from "../../../src/schema/type-urls.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { Installer, ParseContext, RunContext } from "../../resources/extension.ts";
import { asType } from "../../resources/message-type.ts";
import { unsupportedFields } from "../../resources/support.ts";
import type { AnyValue } from "../../resources/typed-config.ts";
import { parseTypedConfig, unpack } from "../../resources/typed-config.ts";
import type { FilterSettings } from "./route.ts";

const wrapperType = "envoy.config.route.v3.FilterConfig";

/** What one level says to one filter. */
interface LevelSetting {
  readonly isDisabled: boolean;
  readonly install: Installer<object> | undefined;
}

/** The `typed_per_filter_config` of one level and of those around it: by the name of the filter, innermost first. */
export type LeveledSettings = ReadonlyMap<string, readonly LevelSetting[]>;

/** Adds a level's `typed_per_filter_config` in front of those around it; `at` is where the level stands, with its dot. */
export function parseFilterSettings(
  configs: Readonly<Record<string, AnyValue>> | undefined,
  outer: LeveledSettings,
  context: ParseContext,
  at: string,
  problems: Problem[],
): LeveledSettings {
  const entries = Object.entries(configs ?? {});
  if (entries.length === 0) return outer;
  const all = new Map(outer);
  for (const [name, config] of entries) {
    const where = `${at}typed_per_filter_config[${JSON.stringify(name)}]`;
    all.set(name, [parseSetting(name, config, context, where, problems), ...(outer.get(name) ?? [])]);
  }
  return all;
}

function parseSetting(
  name: string,
  config: AnyValue,
  context: ParseContext,
  path: string,
  problems: Problem[],
): LevelSetting {
  if (typeNameOf(config.type_url ?? "") !== wrapperType) {
    return { isDisabled: false, install: parseConfig(name, config, context, path, problems) };
  }
  const message = unpack(config, wrapperType, context, path);
  problems.push(...message.problems);
  if (!message.value) return { isDisabled: false, install: undefined };
  problems.push(...unsupportedFields(message.value, { config: true, disabled: true }, path));
  const wrapper = asType(wrapperType, message.value);
  const isDisabled = wrapper.disabled ?? false;
  const inner = wrapper.config;
  return {
    isDisabled,
    install: inner && !isDisabled ? parseConfig(name, inner, context, `${path}.config`, problems) : undefined,
  };
}

function parseConfig(
  name: string,
  config: AnyValue,
  context: ParseContext,
  path: string,
  problems: Problem[],
): Installer<object> | undefined {
  const installer = parseTypedConfig("httpRouteConfigs", { name, typed_config: config }, context, path);
  problems.push(...installer.problems);
  return installer.value;
}

/** The settings ready to run; undefined when there are none. Each level is installed once, for all routes under it. */
export function settingsInstaller(
  run: RunContext,
  scope: string,
): (settings: LeveledSettings) => ReadonlyMap<string, FilterSettings> | undefined {
  const installed = new Map<Installer<object>, object>();
  const installOnce = (install: Installer<object>): object => {
    const known = installed.get(install) ?? install(run, scope);
    installed.set(install, known);
    return known;
  };
  return (settings) => {
    if (settings.size === 0) return undefined;
    return new Map(
      [...settings].map(([name, levels]) => [
        name,
        {
          isDisabled: levels[0]?.isDisabled,
          configs: levels.flatMap(({ install }) => (install ? [installOnce(install)] : [])),
        },
      ]),
    );
  };
}
