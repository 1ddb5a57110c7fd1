import type { MessageOf } from "../api.ts";

/** What the syntax or edition of a file, and the `features` of its parts, say of fields. */
export interface Features {
  /** Plain scalar fields know unset from default. */
  readonly hasPresence: boolean;
  /** Repeated numbers are packed when the field does not say. */
  readonly isPacked: boolean;
  /** Message fields are written as groups. */
  readonly isDelimited: boolean;
}

type FeatureSet = MessageOf<"google.protobuf.FeatureSet">;

/** The features of a file: proto2 when it names neither syntax nor edition. */
export function fileFeatures(file: MessageOf<"google.protobuf.FileDescriptorProto">): Features {
  if (file.syntax === "proto3") return { hasPresence: false, isPacked: true, isDelimited: false };
  if (file.syntax !== "editions") return { hasPresence: true, isPacked: false, isDelimited: false };
  return overlay({ hasPresence: true, isPacked: true, isDelimited: false }, file.options?.features);
}

/** The features of a part, whose options may set some otherwise than what it stands in. */
export function overlay(outer: Features, set: FeatureSet | undefined): Features {
  if (!set) return outer;
  const { field_presence: presence, repeated_field_encoding: repeated, message_encoding: message } = set;
  return {
    hasPresence: presence === undefined ? outer.hasPresence : presence !== "IMPLICIT",
    isPacked: repeated === undefined ? outer.isPacked : repeated === "PACKED",
    isDelimited: message === undefined ? outer.isDelimited : message === "DELIMITED",
  };
}
