/** Types of frames (RFC 9113, section 6). */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags; ACK shares its bit with END_STREAM. */
export const Flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** Error codes (RFC 9113, section 7). */
export const ErrorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  connect: 10,
  enhanceYourCalm: 11,
} as const;

/** Settings (RFC 9113, section 6.5.2; RFC 8441). */
export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const;

export const frameHeaderBytes = 9;
/** What a client sends first of all (RFC 9113, section 3.4). */
export const clientPreface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
/** Largest frame that a peer may send before it is told otherwise, and both sides leave it at that. */
export const defaultMaxFrameBytes = 16384;
export const defaultWindowBytes = 65535;
export const maxWindowBytes = 0x7fffffff;

/** The header of a frame, with room behind it for `room` bytes of payload. */
export function frameOf(
  type: number,
  flags: number,
  streamId: number,
  length: number,
  room = length,
): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + room);
  frame[0] = length >>> 16;
  frame[1] = length >>> 8;
  frame[2] = length;
  frame[3] = type;
  frame[4] = flags;
  frame.writeUInt32BE(streamId, 5);
  return frame;
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const frame = frameOf(FrameType.settings, 0, 0, settings.length * 6);
  settings.forEach(([id, value], index) => {
    frame.writeUInt16BE(id, frameHeaderBytes + index * 6);
    frame.writeUInt32BE(value, frameHeaderBytes + index * 6 + 2);
  });
  return frame;
}

export function windowUpdateFrame(streamId: number, bytes: number): Buffer {
  const frame = frameOf(FrameType.windowUpdate, 0, streamId, 4);
  frame.writeUInt32BE(bytes, frameHeaderBytes);
  return frame;
}

export function resetFrame(streamId: number, code: number): Buffer {
  const frame = frameOf(FrameType.reset, 0, streamId, 4);
  frame.writeUInt32BE(code, frameHeaderBytes);
  return frame;
}

/** `text`: for people, ASCII. */
export function goAwayFrame(lastStreamId: number, code: number, text: string): Buffer {
  const frame = frameOf(FrameType.goAway, 0, 0, 8 + text.length);
  frame.writeUInt32BE(lastStreamId, frameHeaderBytes);
  frame.writeUInt32BE(code, frameHeaderBytes + 4);
  frame.write(text, frameHeaderBytes + 8, "latin1");
  return frame;
}

/** `payload`: eight bytes. */
export function pingFrame(payload: Buffer, isAck: boolean): Buffer {
  const frame = frameOf(FrameType.ping, isAck ? Flag.ack : 0, 0, 8);
  payload.copy(frame, frameHeaderBytes, 0, 8);
  return frame;
}

/** One whole frame. The payload is a view of what was read. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}
