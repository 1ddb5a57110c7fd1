/** Something that is on one roster at a time. */
export interface RosterMember {
  /** Where it stands on the roster, who alone changes it; -1 when it is on none. */
  place: number;
}

/**
 * What comes and goes all the time and must be found again, such as open connections; in no order.
 *
 * It is no `Set` because of what V8 does with one: as members come and go it is given a new table every few dozen additions, and the old
 * table refers to the new one and to all members of its time. Once one such table is old enough to be looked at by a full garbage
 * collection only, all later ones outlive every quick collection, and half of all closed connections with them.
 */
export class Roster<Member extends RosterMember> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** Takes somebody on who is on no roster. */
  add(member: Member): void {
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Strikes somebody off; who is not on this roster must be on none. */
  delete(member: Member): void {
    if (member.place < 0) return;
    const last = this.#members.pop();
    if (last && last !== member) {
      this.#members[member.place] = last;
      last.place = member.place;
    }
    member.place = -1;
  }

  /** Those who are on it now; later changes do not show in it. */
  list(): readonly Member[] {
    return [...this.#members];
  }
}
