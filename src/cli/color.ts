import type { Flag } from "./flag.ts";
import { choiceFlag } from "./flag.ts";
import type { Output, Terminal } from "./terminal.ts";
import picocolors from "picocolors";

export type ColorMode = "auto" | "always" | "never";
export type Colors = ReturnType<typeof picocolors.createColors>;

export const colorFlag: Flag<ColorMode> = choiceFlag(
  ["auto", "always", "never"],
  "auto",
  "colour the output; auto: on a terminal, unless NO_COLOR is set or TERM is dumb",
  { placeholder: "WHEN" },
);

/**
 * Whether to colour what goes to `output`. The flag wins; then NO_COLOR (no-color.org: any value but the empty
 * one), then FORCE_COLOR (any value but 0 or the empty one), then TERM=dumb, then whether it is a terminal.
 */
export function wantsColor(mode: ColorMode, env: Terminal["env"], output: Output): boolean {
  if (mode !== "auto") return mode === "always";
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"]) return env["FORCE_COLOR"] !== "0";
  if (env["TERM"] === "dumb") return false;
  return output.isTTY === true;
}

/** The colour functions for `output`; they give the text back as it is when colours are off. */
export function colorsFor(mode: ColorMode, env: Terminal["env"], output: Output): Colors {
  return picocolors.createColors(wantsColor(mode, env, output));
}
