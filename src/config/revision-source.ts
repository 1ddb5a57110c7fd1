/** Where a state of the configuration was read from (XDS-147). */
export type RevisionSource =
  | { readonly kind: "folder"; readonly path: string }
  | GitCommit
  /** Pushed over the admin API. */
  | { readonly kind: "push"; readonly by?: string }
  | { readonly kind: "program" };

/** One commit of a repository. The texts are the repository's own: shown to people only as `printable`. */
export interface GitCommit {
  readonly kind: "git";
  /** Without credentials. */
  readonly url: string;
  /** All of its hexadecimal digits. */
  readonly commit: string;
  /** `Name <address>`. */
  readonly author: string;
  /** Wall clock, ms since the epoch. */
  readonly committedAtMs: number;
  /** The first line of its message. */
  readonly subject: string;
}
