import type { Reading } from "./reading.ts";

/** What tells one source from another, over restarts. */
export interface SourceIdentity {
  /** `folder`, `git`, `push`. */
  readonly kind: string;
  /** A whole path; a repository with its branch and sub-folder. */
  readonly place: string;
}

/** Where configuration comes from, as a control plane follows it. */
export interface Source {
  readonly identity: SourceIdentity;
  /**
   * Looks at once and yields what it finds, then each state that differs from the one before, until the signal aborts. It may
   * be called again when an earlier watch has ended; a failed reading does not end it.
   */
  watch(signal: AbortSignal): AsyncIterable<Reading>;
}
