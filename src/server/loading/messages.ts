import type { ConfigFile } from "../../config/config-file.ts";
import type { UserTypePaths } from "../../schema/user-types/load-user-types.ts";
import type { Outline, Parcel } from "./parcels.ts";

/** What the thread is started with: where the types come from that users add to the Envoy API. */
export type LoaderSetup = UserTypePaths;

/** What the thread is asked; each is answered by one `FromLoader`. */
export type ToLoader =
  /** Files that are new or changed since they were sent last. */
  | { readonly kind: "files"; readonly files: readonly ConfigFile[] }
  /** Load the tree of these files, all of which were sent. */
  | { readonly kind: "load"; readonly paths: readonly string[] }
  /** The parcel after the one that came last, or what was loaded. */
  | { readonly kind: "next" };

export type FromLoader =
  | { readonly kind: "taken" }
  | { readonly kind: "parcel"; readonly parcel: Parcel }
  | { readonly kind: "loaded"; readonly outline: Outline }
  | { readonly kind: "failed"; readonly message: string };
