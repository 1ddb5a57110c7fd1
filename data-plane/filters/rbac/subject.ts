import type { ConnectionInfo } from "../../network/connection-info.ts";
import type { Address } from "../../network/address.ts";
import type { MetadataOf } from "../../resources/value-match.ts";

/** What is asked to pass: a connection, or a request on one. */
export interface Subject {
  readonly connection: ConnectionInfo;
  /** `remote_ip`: whom everybody takes for the client, by `x-forwarded-for` where that counts. */
  readonly remote: Address;
  /** Dynamic metadata of a namespace. */
  metadata(namespace: string): ReturnType<MetadataOf>;
  /** A header by its lower-case name, pseudo-headers included; undefined for all of a bare connection. */
  header(name: string): string | undefined;
}

/** True when a permission or principal holds. */
export type SubjectTest = (subject: Subject) => boolean;
