import { startRecordingBackend } from "../kit/recording-backend.ts";

/** What a scripted upstream does with one request: the bytes of an answer, or one of these. */
export type ScriptedAnswer = string | { readonly kind: "reset" | "silence" | "end" };

/** Resets the connection. */
export const reset: ScriptedAnswer = { kind: "reset" };
/** Says nothing. */
export const silence: ScriptedAnswer = { kind: "silence" };
/** Ends its side without a byte. */
export const end: ScriptedAnswer = { kind: "end" };

/**
 * An upstream that answers requests one after the other, whatever connections they come on, with what a case has set; the last answer
 * serves all that come behind it.
 */
export interface ScriptedUpstream extends AsyncDisposable {
  readonly port: number;
  /** Begins anew with these answers and forgets the requests so far. */
  script(...answers: readonly ScriptedAnswer[]): void;
  /** What came since, one text a read. */
  readonly requests: readonly string[];
}

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  let answers: readonly ScriptedAnswer[] = [];
  let requests: string[] = [];
  const backend = await startRecordingBackend({
    answer({ socket }) {
      socket.on("data", (bytes) => {
        const answer = answers[Math.min(requests.length, answers.length - 1)] ?? "";
        requests.push(bytes.toString("latin1"));
        if (typeof answer === "string") socket.write(answer, "latin1");
        else if (answer.kind === "reset") socket.resetAndDestroy();
        else if (answer.kind === "end") socket.end();
      });
    },
  });
  return {
    port: backend.port,
    get requests() {
      return requests;
    },
    script(...next) {
      answers = next;
      requests = [];
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}
