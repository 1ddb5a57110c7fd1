import { formatListenAddress, type ListenAddress } from "../server/listen-address.ts";
import type { ServerFlags } from "./common-flags.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { readToken } from "./read-token.ts";
import type { Terminal } from "./terminal.ts";

export interface AdminCall {
  readonly address: ListenAddress;
  readonly timeoutMs: number;
  /** Shown to a server that asks for one. */
  readonly token?: string | undefined;
  /** Sent as JSON by POST, or by `method`; without it the call is a GET. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly method?: "POST" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  /** HTTP statuses besides 200 whose answer is one of the asked kind. */
  readonly alsoTakes?: readonly number[];
}

/** The call that flags of a command ask for. Rejects with `CommandError` when the token cannot be read. */
export async function adminCall(flags: ServerFlags, terminal: Terminal): Promise<AdminCall> {
  const token = await readToken(flags.adminTokenFile, terminal);
  return { address: flags.adminAddress, timeoutMs: flags.timeout, token };
}

/** Everything the admin API answers names its shape. */
interface Answer {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * Asks the admin API of a running server; resolves to the answer of the kind asked for. Throws `CommandError` for a
 * server that is not there, does not answer in time, or is no Chancery.
 */
export async function askAdmin<Shape extends Answer>(
  path: string,
  kind: Shape["kind"],
  call: AdminCall,
): Promise<Shape> {
  const where = formatListenAddress(call.address);
  const response = await send(`http://${where}${path}`, where, call);
  const answer: unknown = await response.json().catch(() => undefined);
  const isExpected = response.ok || call.alsoTakes?.includes(response.status);
  if (isExpected && isAnswer<Shape>(answer, kind)) return answer;
  if (response.status === 401) {
    const hint = "--admin-token-file names the file with the token";
    throw new CommandError(exitCode.failure, `${where} asks for a token`, hint);
  }
  if (isAnswer<Answer & { message: string }>(answer, "Error"))
    throw new CommandError(exitCode.failure, `${where} answers: ${answer.message}`);
  const reason = `HTTP ${response.status}, which is not what Chancery's admin API answers`;
  throw new CommandError(exitCode.failure, `${where} answers: ${reason}`, "is another program on this port?");
}

/** The header that shows a token; none without one. */
export function authorization(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

async function send(
  url: string,
  where: string,
  { body, method = "POST", headers, timeoutMs, token }: AdminCall,
): Promise<Response> {
  try {
    return await fetch(url, {
      signal: AbortSignal.timeout(timeoutMs),
      ...(body !== undefined && { method, body: JSON.stringify(body) }),
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
        ...authorization(token),
      },
    });
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") {
      const hint = "wait longer with --timeout";
      throw new CommandError(exitCode.timeout, `${where} did not answer within ${timeoutMs} ms`, hint, {
        cause: error,
      });
    }
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    const hint = 'is "chancery serve" running? --admin-address says where';
    throw new CommandError(exitCode.failure, `cannot reach ${where}: ${cause}`, hint, { cause: error });
  }
}

function isAnswer<Shape extends Answer>(answer: unknown, kind: Shape["kind"]): answer is Shape {
  return typeof answer === "object" && answer !== null && "kind" in answer && answer.kind === kind;
}
