import type { RecordedConnection, RecordingBackend } from "../kit/recording-backend.ts";
import { connectTo, type ScriptedClient } from "../kit/scripted-client.ts";
import { pause } from "../kit/within.ts";
import { LISTENER } from "./bootstrap.ts";
import type { RunningProxy } from "./subject.ts";
import type { Vector } from "./vectors.ts";

/** What a group of vectors with one bootstrap shares: client → proxy → backend. */
export interface Bench {
  readonly proxy: RunningProxy;
  readonly backend: RecordingBackend;
}

/** Where the client dials. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

export async function targetOf(vector: Vector, { proxy }: Bench): Promise<Target> {
  const bind = vector.listener?.["_bind"];
  return { host: typeof bind === "string" ? bind : "127.0.0.1", port: await proxy.admin.listenerPort(LISTENER) };
}

export async function dial({ host, port }: Target): Promise<ScriptedClient> {
  return connectTo(port, host);
}

/** Sends each piece as a write of its own, `gap_s` apart, and shuts the sending side when the vector says so. */
export async function play(client: ScriptedClient, pieces: readonly Buffer[], vector: Vector): Promise<void> {
  const gapMs = (vector.gap_s ?? 0.05) * 1000;
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await pause(gapMs);
    if (piece.length > 0) client.write(piece);
  }
  if (vector.half_close) client.end();
}

/** What is there of the bytes `expected`, for comparing once that many have come (or the connection has ended). */
export async function receivedBytes(connection: RecordedConnection, count: number): Promise<Buffer> {
  return connection.receivedThat((bytes) => bytes.length >= count, `${count} bytes at the backend`);
}

/** Hex in which the ports that only a run knows have been filled in. */
export function withPorts(hex: string, clientPort: number, listenerPort: number): string {
  return hex.replace("{client_port}", hexPort(clientPort)).replace("{listener_port}", hexPort(listenerPort));
}

function hexPort(port: number): string {
  return port.toString(16).padStart(4, "0");
}
