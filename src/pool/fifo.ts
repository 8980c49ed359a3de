/** A queue on a circular array: no allocation per entry, and both ends are cheap. */
export class Fifo<T> {
  #items: (T | undefined)[] = new Array<T | undefined>(16);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    if (this.#size === this.#items.length) this.#resize(this.#size * 2);
    this.#items[(this.#head + this.#size++) & (this.#items.length - 1)] = item;
  }

  unshift(item: T): void {
    if (this.#size === this.#items.length) this.#resize(this.#size * 2);
    this.#head = (this.#head - 1) & (this.#items.length - 1);
    this.#items[this.#head] = item;
    this.#size++;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#size--;
    // A burst must not keep its memory for ever.
    if (this.#items.length > 1024 && this.#size < this.#items.length >> 2) this.#resize(this.#items.length >> 1);
    return item;
  }

  /** Searches from the front. */
  remove(item: T): boolean {
    for (let i = 0; i < this.#size; i++) {
      if (this.#items[(this.#head + i) & (this.#items.length - 1)] !== item) continue;
      for (let j = i; j > 0; j--) {
        this.#items[(this.#head + j) & (this.#items.length - 1)] =
          this.#items[(this.#head + j - 1) & (this.#items.length - 1)];
      }
      this.shift();
      return true;
    }
    return false;
  }

  /** Takes out all that match, in their order; the others keep theirs. */
  removeAll(matches: (item: T) => boolean): T[] {
    const removed: T[] = [];
    for (let left = this.#size; left > 0; left--) {
      const item = this.shift()!;
      if (matches(item)) removed.push(item);
      else this.push(item);
    }
    return removed;
  }

  #resize(capacity: number): void {
    const items = new Array<T | undefined>(capacity);
    for (let i = 0; i < this.#size; i++) items[i] = this.#items[(this.#head + i) & (this.#items.length - 1)];
    this.#items = items;
    this.#head = 0;
  }
}
