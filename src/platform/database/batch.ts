import { createRequire } from 'node:module'
import pg from 'pg'
import { camelCaseOf, parserOf } from './values.ts'

const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils.js') as { prepareValue(value: unknown): unknown }

/** One statement of a batch: its text and the values bound to $1, $2 … */
export type Statement = { sql: string; parameters: readonly unknown[] }

/** What the server said to the last statement of a batch. `command` is its tag's first word: SELECT, COMMIT, ROLLBACK … */
export type BatchResult = { rows: Record<string, unknown>[]; command: string; rowCount: number }

type FieldDescription = { name: string; dataTypeID: number }
type WireConnection = {
  on(event: 'parseComplete', listener: () => void): unknown
  stream: { cork(): void; uncork(): void }
  parse(message: { name: string; text: string }): void
  bind(message: { portal: string; statement: string; values: unknown[] }): void
  describe(message: { type: 'P'; name: string }): void
  execute(message: { portal: string; rows: number }): void
  sync(): void
  sendCopyFail(reason: string): void
}

/**
 * Several statements as one extended-protocol message train with a single Sync. Outside an explicit transaction that
 * train is one implicit transaction, so settings made by its first statement (`set_config(…, true)`) die with it:
 * a tenant-scoped query costs one round trip and nothing leaks to the connection's next user.
 *
 * It settles at ReadyForQuery, never at CommandComplete: a deferred constraint fails in between.
 * Works on ordinary clients and on clients in pipeline mode.
 */
export class Batch {
  readonly done: Promise<BatchResult>
  private settle!: { resolve(result: BatchResult): void; reject(error: unknown): void }
  private readonly statements: readonly Statement[]
  private readonly values: unknown[][]
  private prepared: PreparedStatements | undefined
  private completed = 0
  private shape: RowShape | undefined
  /** The prepared statement whose row description this batch has asked for. */
  private described: Prepared | undefined
  // Not `rows`: by that name pg asks whether a query pages through a portal, which a pipeline cannot.
  private readonly received: Record<string, unknown>[] = []
  private command = ''
  private rowCount = 0
  private failure: unknown

  constructor(statements: readonly Statement[]) {
    this.statements = statements
    // Mapped before anything is sent: a value that cannot be bound must not leave half a train on the wire.
    this.values = statements.map(statement => statement.parameters.map(prepareValue))
    this.done = new Promise((resolve, reject) => {
      this.settle = { resolve, reject }
    })
  }

  submit(connection: WireConnection): null {
    this.prepared = PreparedStatements.of(connection)
    const last = this.statements.length - 1
    connection.stream.cork()
    for (let index = 0; index <= last; index++) {
      const { sql: text } = this.statements[index] as Statement
      const known = this.prepared.claim(text)
      const name = known?.name ?? ''
      if (!known?.isReady) {
        connection.parse({ name, text })
        this.prepared.expect({ batch: this, name })
      }
      connection.bind({ portal: '', statement: name, values: this.values[index] as unknown[] })
      if (index === last) {
        // A prepared statement keeps its columns (or fails as a stale plan): they are asked for once.
        this.shape = known?.isReady ? known.shape : undefined
        this.described = known
        if (!this.shape) connection.describe({ type: 'P', name: '' })
      }
      connection.execute({ portal: '', rows: 0 })
    }
    connection.sync()
    connection.stream.uncork()
    return null
  }

  // pg's client calls the following on the query that is being answered.
  handleRowDescription(message: { fields: FieldDescription[] }): void {
    this.shape = {
      columns: message.fields.map(field => camelCaseOf(field.name)),
      parsers: message.fields.map(field => parserOf(field.dataTypeID)),
    }
    if (this.described) this.described.shape = this.shape
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    // Rows of the statements before the last (the scope's set_config) are nobody's.
    if (this.failure !== undefined || this.completed < this.statements.length - 1 || !this.shape) return
    const { columns, parsers } = this.shape
    try {
      const row: Record<string, unknown> = {}
      for (let index = 0; index < columns.length; index++) {
        const text = message.fields[index] as string | null
        row[columns[index] as string] = text === null ? null : parsers[index]?.(text)
      }
      this.received.push(row)
    } catch (error) {
      this.failure = error
    }
  }

  handleCommandComplete(message: { text: string }): void {
    this.completed++
    if (this.completed < this.statements.length) return
    const words = message.text.split(' ')
    this.command = words[0] ?? ''
    this.rowCount = Number(words.at(-1)) || 0
  }

  handleEmptyQuery(): void {
    this.completed++
  }

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: WireConnection): void {
    connection.sendCopyFail('COPY needs a connection of its own: Database.connect()')
    // The Sync already sent was swallowed by the copy mode.
    connection.sync()
  }

  handleCopyData(): void {}

  handleError(error: unknown): void {
    this.prepared?.giveUp(this)
    this.settle.reject(error)
  }

  handleReadyForQuery(): void {
    if (this.failure === undefined) {
      this.settle.resolve({ rows: this.received, command: this.command, rowCount: this.rowCount })
    } else {
      this.settle.reject(this.failure)
    }
  }
}

// In pipeline mode pg's client takes its own Query only, and asks `instanceof`. Its constructor would parse the
// arguments of a query that this is not, and costs a fifth of a short read.
Object.setPrototypeOf(Batch.prototype, pg.Query.prototype)

type RowShape = { columns: string[]; parsers: ((text: string) => unknown)[] }
type Prepared = { name: string; isReady: boolean; shape?: RowShape }

/**
 * The prepared statements of one connection. While one batch is parsing a statement, others in the same pipeline parse
 * it unnamed: if the first fails before its Parse, a name they trusted would not exist.
 */
class PreparedStatements {
  private static readonly byConnection = new WeakMap<object, PreparedStatements>()
  private static readonly most = 250
  private readonly byText = new Map<string, Prepared>()
  private readonly textOf = new Map<string, string>()
  /** Parse messages on the wire, oldest first: the server answers them in this order. */
  private expected: { batch: object; name: string }[] = []
  private count = 0

  static of(connection: WireConnection): PreparedStatements {
    let found = PreparedStatements.byConnection.get(connection)
    if (!found) {
      const statements = new PreparedStatements()
      connection.on('parseComplete', () => statements.confirm())
      PreparedStatements.byConnection.set(connection, statements)
      found = statements
    }
    return found
  }

  /** The name for a text: ready to bind, or to be parsed now; undefined when it must go unnamed. */
  claim(text: string): Prepared | undefined {
    const known = this.byText.get(text)
    if (known) return known.isReady ? known : undefined
    if (this.byText.size >= PreparedStatements.most) return undefined
    const claimed = { name: `commonhold_${++this.count}`, isReady: false }
    this.byText.set(text, claimed)
    this.textOf.set(claimed.name, text)
    return claimed
  }

  expect(parse: { batch: object; name: string }): void {
    this.expected.push(parse)
  }

  /** After an error the server skips the rest of the batch: its outstanding Parse messages are never answered. */
  giveUp(batch: object): void {
    for (const { name } of this.expected.filter(parse => parse.batch === batch)) this.forget(name)
    this.expected = this.expected.filter(parse => parse.batch !== batch)
  }

  private confirm(): void {
    const name = this.expected.shift()?.name
    const known = name ? this.byText.get(this.textOf.get(name) ?? '') : undefined
    if (known) known.isReady = true
  }

  private forget(name: string): void {
    const text = this.textOf.get(name)
    if (text === undefined) return
    this.byText.delete(text)
    this.textOf.delete(name)
  }
}
