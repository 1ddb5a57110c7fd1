/** What goes into a ClientHello; the rest is filled in as a client of TLS 1.3 would. */
export interface HelloSpec {
  readonly version?: number;
  readonly sessionId?: Buffer;
  readonly cipherSuites?: readonly number[];
  readonly compressions?: readonly number[];
  readonly serverName?: string;
  readonly protocols?: readonly string[];
  /** Behind those that the fields above make. */
  readonly extensions?: readonly (readonly [type: number, data: Buffer])[];
}

/** A ClientHello in one record, or in records of `recordBytes` each. */
export function helloBytes(spec: HelloSpec, recordBytes = 16_384): Buffer {
  const extensions = [
    ...(spec.serverName === undefined ? [] : [[0, serverNameData(spec.serverName)] as const]),
    ...(spec.protocols === undefined ? [] : [[16, protocolsData(spec.protocols)] as const]),
    ...(spec.extensions ?? []),
  ];
  const body = Buffer.concat([
    uint16(spec.version ?? 0x0303),
    Buffer.alloc(32, 7),
    prefixed(1, spec.sessionId ?? Buffer.alloc(0)),
    prefixed(2, uint16(...(spec.cipherSuites ?? [0x1301]))),
    prefixed(1, Buffer.from(spec.compressions ?? [0])),
    ...(extensions.length === 0
      ? []
      : [
          prefixed(2, Buffer.concat(extensions.flatMap(([type, data]) => [uint16(type), prefixed(2, data)]))),
        ]),
  ]);
  const message = Buffer.concat([Buffer.from([1]), prefixed(3, body)]);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += recordBytes) {
    records.push(Buffer.from([22, 3, 1]), prefixed(2, message.subarray(at, at + recordBytes)));
  }
  return Buffer.concat(records);
}

/** Bytes behind their own number. */
export function prefixed(lengthBytes: number, bytes: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(bytes.length, 0, lengthBytes);
  return Buffer.concat([length, bytes]);
}

export function uint16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}

function serverNameData(name: string): Buffer {
  return prefixed(2, Buffer.concat([Buffer.from([0]), prefixed(2, Buffer.from(name))]));
}

function protocolsData(protocols: readonly string[]): Buffer {
  return prefixed(2, Buffer.concat(protocols.map((protocol) => prefixed(1, Buffer.from(protocol)))));
}
