import { unreachable } from "../../../src/base/unreachable.ts";
import type { Message } from "../../../src/schema/message.ts";
import type {
  ReceivedResource,
  Response,
  ResponseContent,
  SessionAction,
  SessionEvent,
} from "../../../data-plane/xds-client/session-events.ts";
import type { SessionMode, SessionOptions } from "../../../data-plane/xds-client/session.ts";
import { Session } from "../../../data-plane/xds-client/session.ts";
import type { Refusal } from "../../../data-plane/xds-client/update.ts";

export const CDS = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
export const LDS = "type.googleapis.com/envoy.config.listener.v3.Listener";
export const EDS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

export const node: Message = { id: "n1", cluster: "edge" };

/** `a` is a resource a, `a@7` one with a version of its own. */
export function resources(...names: string[]): ReceivedResource[] {
  return names.map((text) => {
    const [name = "", version = ""] = text.split("@");
    const value = Buffer.from(text);
    return { name, version, resource: { name, version, value, message: { name } } };
  });
}

export function response(
  typeUrl: string,
  version: string,
  nonce: string,
  received: readonly ReceivedResource[],
  rest: { readonly removed?: readonly string[]; readonly refused?: readonly Refusal[] } = {},
): Response {
  const content: ResponseContent = {
    kind: "resources",
    resources: received,
    removed: [],
    refused: [],
    ...rest,
  };
  return { typeUrl, version, nonce, content };
}

export function malformed(typeUrl: string, nonce: string, reason: string): Response {
  return { typeUrl, version: "bad", nonce, content: { kind: "malformed", reason } };
}

/**
 * A session with a clock that the test moves. `step` gives what was to be done, in short: requests without
 * `node` as they are, `{apply: names, removed}`, `{end-fetch: names, end}`.
 */
export class Transcript {
  readonly session: Session;
  nowMs = 0;

  constructor(mode: SessionMode, options: Partial<SessionOptions> = {}) {
    this.session = new Session({ mode, node, isNodeOnFirstOnly: true, ...options });
  }

  step(...events: readonly SessionEvent[]): Message[] {
    return events.flatMap((event) => this.raw(event).map(brief));
  }

  raw(event: SessionEvent): SessionAction[] {
    return this.session.step(event, { monotonicMs: this.nowMs, wallMs: 1_000_000 + this.nowMs });
  }

  /** CDS by wildcard on an open stream, its first request sent. */
  subscribeAll(...typeUrls: readonly string[]): Message[] {
    return this.step(
      ...typeUrls.map((typeUrl) => ({ kind: "subscribe-all", typeUrl, timeoutMs: 15_000 }) as const),
      { kind: "turn-ended" },
    );
  }

  subscribe(typeUrl: string, ...names: readonly string[]): Message[] {
    return this.step(
      ...names.map((name) => ({ kind: "subscribe", typeUrl, name, timeoutMs: 15_000 }) as const),
      { kind: "turn-ended" },
    );
  }

  receive(received: Response): Message[] {
    return this.step({ kind: "received", response: received });
  }

  applied(...refused: readonly Refusal[]): Message[] {
    return this.step({ kind: "applied", refused, isWarming: false });
  }

  /** Receives and applies; gives the answer. */
  take(received: Response, ...refused: readonly Refusal[]): Message[] {
    this.receive(received);
    return this.applied(...refused);
  }

  wait(ms: number): Message[] {
    this.nowMs += ms;
    return this.step({ kind: "time-passed" });
  }

  held(typeUrl: string): Record<string, string> {
    const type = this.session.types().find((view) => view.typeUrl === typeUrl);
    return Object.fromEntries([...(type?.held ?? [])].map(([name, { version }]) => [name, version]));
  }

  type(typeUrl: string) {
    const type = this.session.types().find((view) => view.typeUrl === typeUrl);
    if (!type) throw new Error(`${typeUrl} is not subscribed to`);
    return type;
  }
}

function brief(action: SessionAction): Message {
  switch (action.kind) {
    case "send": {
      const { node: sent, ...request } = action.request;
      return sent ? { hasNode: true, ...request } : request;
    }
    case "apply":
    case "expire":
      return {
        [action.kind]: [...action.update.resources.keys()],
        removed: action.update.removed,
      };
    case "end-fetch":
      return { "end-fetch": action.names, end: action.end };
    default:
      return unreachable(action);
  }
}
