import type { Problem } from "../base/problem.ts";
import type { ConfigFile } from "../config/config-file.ts";
import type { RevisionSource } from "../config/revision-source.ts";

/** What a source found when it looked: a whole, settled tree, or the reasons why there is none to be had. */
export type Reading =
  | {
      readonly kind: "tree";
      /** In order of path. Files whose content did not change since the last reading are the same objects. */
      readonly files: readonly ConfigFile[];
      /** Wall clock, ms since the epoch. */
      readonly readAtMs: number;
      readonly origin: RevisionSource;
    }
  | {
      readonly kind: "failed";
      readonly problems: readonly Problem[];
      readonly readAtMs: number;
      /** What it was about to read, as far as it got to know it. */
      readonly origin?: RevisionSource;
    };

/** What a source takes at most; more than that is refused before it is held in memory. */
export interface SourceLimits {
  readonly fileBytes: number;
  readonly totalBytes: number;
  readonly files: number;
}

/** 16 MiB a file holds some 20,000 clusters; 256 MiB and 50,000 files are ten times the fleets we were shown. */
export const defaultSourceLimits: SourceLimits = {
  fileBytes: 16 * 1024 * 1024,
  totalBytes: 256 * 1024 * 1024,
  files: 50_000,
};
