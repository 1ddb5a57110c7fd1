import type { Descriptors, MessageDescriptor } from "./descriptor.ts";

/** Something that is worked out for a message type when it is first asked for, and kept. */
export class MadeWhenNeeded<Made> {
  readonly #descriptors: Descriptors;
  readonly #make: (descriptor: MessageDescriptor) => Made;
  readonly #made = new Map<string, Made>();

  constructor(descriptors: Descriptors, make: (descriptor: MessageDescriptor) => Made) {
    this.#descriptors = descriptors;
    this.#make = make;
  }

  /** Undefined for a name that is no message type. */
  of(typeName: string): Made | undefined {
    const known = this.#made.get(typeName);
    if (known) return known;
    const descriptor = this.#descriptors.messages.get(typeName);
    if (!descriptor) return undefined;
    const made = this.#make(descriptor);
    this.#made.set(typeName, made);
    return made;
  }
}
