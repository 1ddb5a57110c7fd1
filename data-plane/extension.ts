/**
 * What a filter of your own is made with: `import { … } from "chancery/extension"`. docs/extending.md shows a whole one.
 */
import type { Extension, ExtensionKind, InstalledExtensions } from "./resources/extension.ts";

export type {
  AccessLogger,
  DownstreamConnection,
  DrainDecision,
  Extension,
  Installer,
  ListenerFilter,
  ListenerFilterReader,
  ListenerFilterVerdict,
  NetworkFilter,
  OriginalIpDetection,
  ParseContext,
  RunContext,
} from "./resources/extension.ts";
export type {
  HttpFilter,
  HttpFilterStream,
  HttpStreamView,
  RequestVerdict,
} from "./resources/http-filter.ts";
export { goOn } from "./resources/http-filter.ts";
export { type Parsed, parsed, refuse } from "./resources/parsed.ts";
export { socketAddress } from "../src/base/ip-address.ts";
export type { Address } from "./network/address.ts";
export type { ConnectionInfo } from "./network/connection-info.ts";
export type { HeaderList } from "./network/header-list.ts";
export { localReply, type LocalReply, type RequestHead, type ResponseHead } from "./network/http-message.ts";
export type { Message } from "../src/schema/message.ts";

/** What a file for `--extension` has as its default export: extensions by kind, each found by the type of its config. */
export type OwnExtensions = {
  readonly [Kind in ExtensionKind]?: readonly Extension<InstalledExtensions[Kind]>[];
};

/** Gives back what it gets: it is there for the types. */
export function defineExtensions(own: OwnExtensions): OwnExtensions {
  return own;
}
