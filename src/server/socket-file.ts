import { chmod, lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";

/** Only the user that serves may connect, unless told otherwise. */
export const defaultSocketMode = 0o600;

/**
 * Makes room for a Unix-domain socket: takes away the file of a server that is gone. Rejects with code `EADDRINUSE`
 * when a server answers there, or when the file is no socket: that is never taken away.
 */
export async function clearSocketPath(path: string): Promise<void> {
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!stats) return;
  if (!stats.isSocket()) throw inUse("there is a file that is no socket");
  if (await isAnswered(path)) throw inUse("another server listens there");
  await unlink(path);
}

/** The permissions of a socket's file say who may connect: those who may write to it. */
export async function setSocketMode(path: string, mode: number): Promise<void> {
  await chmod(path, mode);
}

/** Whatever is not a plain refusal may be a server that is busy. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
    });
  });
}

function inUse(message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code: "EADDRINUSE" });
}
