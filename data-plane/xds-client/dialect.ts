import type { Message } from "../../src/schema/message.ts";
import { refusalCode, truncateRefusal } from "./refusal-text.ts";
import type { ReceivedResource, Response } from "./session-events.ts";
import type { Answer, TypeState } from "./type-state.ts";

/**
 * What differs between state of the world and delta: how requests are put, and what a response means. Requests
 * are without `node`, which the session adds.
 */
export interface Dialect {
  /** The first message of a type on a stream (XC-19). */
  first(type: TypeState): Message;
  /** A later message: the names that changed. */
  change(type: TypeState): Message;
  /** The messages for answers that wait, oldest first (XC-24, XC-27). */
  answers(type: TypeState, answers: readonly Answer[]): readonly Message[];
  /** What the response takes away (XC-28, XC-38). */
  removed(type: TypeState, response: Response, resources: readonly ReceivedResource[]): string[];
  /** Why a heartbeat is not one, or undefined (XC-52). */
  refuseHeartbeat(type: TypeState, heartbeat: ReceivedResource): string | undefined;
}

/** `error_detail` of an answer, if it is a refusal. */
export function errorDetail({ error }: Answer): Message {
  return error === undefined ? {} : { error_detail: { code: refusalCode, message: truncateRefusal(error) } };
}

/** A field that holds a list or text, left out when that is empty, as the sparse form wants it. */
export function unlessEmpty(key: string, value: string | readonly unknown[]): Message {
  return value.length > 0 ? { [key]: value } : {};
}
