/** Named objects that another module may add to. */
export class Registry<T extends { readonly name: string }> {
  readonly #entries = new Map<string, T>()

  constructor(entries: readonly T[]) {
    for (const entry of entries) this.add(entry)
  }

  /** Refuses a name that is taken: what was planned with it would be told wrongly. */
  add(entry: T): void {
    if (this.#entries.has(entry.name)) throw new Error(`${entry.name} is there already: choose another name`)
    this.#entries.set(entry.name, entry)
  }

  find(name: string): T | undefined {
    return this.#entries.get(name)
  }

  list(): readonly T[] {
    return [...this.#entries.values()]
  }
}
