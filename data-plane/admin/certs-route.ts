import type { CertificateReport, UsedCertificate } from "../network/certificate-report.ts";
import type { AdminRoute } from "./admin-route.ts";
import { jsonReply } from "./admin-route.ts";

const DAY_MS = 86_400_000;
/** What Envoy tells where there is no certificate at all. */
const NEVER_DAYS = 4_294_967_295;

/** `envoy.admin.v3.Certificates`. */
export const certsRoute: AdminRoute = {
  path: "/certs",
  isMutation: false,
  help: "print certs on machine",
  parameters: {},
  answer(view) {
    const nowMs = view.nowMs();
    const reports = view.certificates().map(({ authorities, own }) => ({
      ca_cert: authorities.map((used) => details(used, nowMs)),
      cert_chain: own.map((used) => details(used, nowMs)),
    }));
    return jsonReply({ certificates: reports });
  },
};

/** `server.days_until_first_cert_expiring`: 0 when one has expired. */
export function daysUntilFirstExpires(reports: readonly CertificateReport[], nowMs: number): number {
  const all = reports.flatMap(({ authorities, own }) => [...authorities, ...own]);
  return Math.min(NEVER_DAYS, ...all.map((used) => daysLeft(used, nowMs)));
}

function daysLeft({ facts }: UsedCertificate, nowMs: number): number {
  return Math.max(0, Math.trunc((facts.validToMs - nowMs) / DAY_MS));
}

const fields = { dns: "dns", uri: "uri", ip: "ip_address" } as const;

function details(used: UsedCertificate, nowMs: number): object {
  const { facts, from } = used;
  return {
    path: from,
    serial_number: facts.serial,
    subject_alt_names: (["dns", "uri", "ip"] as const).flatMap((kind) =>
      facts.namesOf(kind).map((value) => ({ [fields[kind]]: value })),
    ),
    // A 64-bit number is text in proto JSON.
    days_until_expiration: String(daysLeft(used, nowMs)),
    valid_from: timestamp(facts.validFromMs),
    expiration_time: timestamp(facts.validToMs),
  };
}

/** Without a fraction where there is none, as proto JSON has it. */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
