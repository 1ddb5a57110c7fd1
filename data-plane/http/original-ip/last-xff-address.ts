import { socketAddress } from "../../../src/base/ip-address.ts";
import type { Address } from "../../network/address.ts";

/** An address of `x-forwarded-for`. */
export interface XffAddress {
  /** Port 0. */
  readonly address: Address;
  /** The header holds no other. */
  readonly isOnly: boolean;
}

/**
 * The address `skipped` places from the right of `x-forwarded-for`; undefined when there are too few, or it is none (PP-67, PP-68).
 */
export function lastXffAddress(header: string | undefined, skipped: number): XffAddress | undefined {
  if (header === undefined) return undefined;
  let end = header.length;
  for (let count = 0; count < skipped; count += 1) {
    end = header.lastIndexOf(",", end - 1);
    if (end <= 0) return undefined;
  }
  const start = header.lastIndexOf(",", end - 1) + 1;
  const address = socketAddress(header.slice(start, end).trim(), 0);
  return address && { address, isOnly: !header.includes(",") };
}
