/** Opens once, when a first answer is here or is waited for no longer. */
export class FirstAnswerGate {
  #isOpen = false;
  #waiters: (() => void)[] = [];

  /** Calls back when it is open: inside the call, if it is. */
  whenOpen(callback: () => void): void {
    if (this.#isOpen) callback();
    else this.#waiters.push(callback);
  }

  /** Idempotent. */
  open(): void {
    this.#isOpen = true;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const callback of waiters) callback();
  }
}
