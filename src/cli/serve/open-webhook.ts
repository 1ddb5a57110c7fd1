import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { errorMessage } from "../../base/error-message.ts";
import type { Log } from "../../base/log.ts";
import type { GitSource } from "../../sources/git/git-source.ts";
import { listenAdmin } from "../../server/admin/listen.ts";
import { createWebhookApp } from "../../server/admin/webhook-routes.ts";
import {
  explainListenError,
  formatListenAddress,
  type ListenAddress,
  ListenError,
} from "../../server/listen-address.ts";
import { Webhook } from "../../server/webhook/webhook.ts";
import { CommandError, exitCode } from "../exit-code.ts";

export interface WebhookFlagValues {
  readonly webhookSecretFile: string | undefined;
  readonly webhookAddress: ListenAddress | undefined;
}

/** Shorter ones can be guessed over the network. */
const secretMinLength = 16;

/** The webhook that the flags ask for, if any. Rejects with `CommandError`. */
export async function openWebhook(
  { webhookSecretFile, webhookAddress: address }: WebhookFlagValues,
  git: GitSource | undefined,
  cwd: string,
  log: Log,
): Promise<Webhook | undefined> {
  if (webhookSecretFile === undefined) {
    if (address === undefined) return undefined;
    throw new CommandError(exitCode.usage, "--webhook-address needs --webhook-secret-file");
  }
  if (!git)
    throw new CommandError(
      exitCode.usage,
      "--webhook-secret-file is for a git URL, such as https://HOST/fleet.git",
    );
  const path = resolve(cwd, webhookSecretFile);
  const secrets = async () => parseSecrets(await readFile(path, "utf8"), path);
  await secrets().catch((error: unknown) => {
    const message = errorMessage(error);
    throw new CommandError(exitCode.unreadableInput, message, undefined, { cause: error });
  });
  const { target } = git;
  return new Webhook({
    secrets,
    target,
    poke: () => git.poke(),
    clock: systemClock,
    log: log.with({ component: "webhook" }),
  });
}

/** A secret a line, `#` begins a comment; the message of an error never shows one. */
function parseSecrets(text: string, path: string): readonly string[] {
  const secrets = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (secrets.length === 0) throw new Error(`${path} has no secret`);
  if (secrets.some((secret) => secret.length < secretMinLength)) {
    throw new Error(
      `${path}: a secret has less than ${secretMinLength} characters; "openssl rand -hex 32" makes one`,
    );
  }
  return secrets;
}

/** A listener that has the webhook's path and nothing else; undefined when none is asked for. Rejects with `ListenError`. */
export async function listenWebhook(
  webhook: Webhook | undefined,
  address: ListenAddress | undefined,
  log: Log,
): Promise<AsyncDisposable | undefined> {
  if (!webhook || !address) return undefined;
  const server = await listenAdmin(createWebhookApp(webhook), address).catch(
    (error: NodeJS.ErrnoException) => {
      throw new ListenError(explainListenError(error, address, "--webhook-address"), { cause: error });
    },
  );
  log.info("webhook is served", { address: formatListenAddress(server.address) });
  return { [Symbol.asyncDispose]: () => server.close() };
}
