import { Socket } from 'node:net'
import pg, { type ClientConfig } from 'pg'
import { errors } from './errors.ts'
import { messageSocket } from './message-socket.ts'

type Wire = {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  stream: { pause(): void; resume(): void; destroy(): void }
}
type Fields = { fields: { name: string }[] }

/** A row of what a replication command answers: every value as text. */
export type Row = Record<string, string | null>

/** A connection that speaks the streaming replication protocol (PostgreSQL, chapter 54.4). */
export class Replication {
  private readonly client: pg.Client
  private lost: Error | undefined

  private constructor(client: pg.Client) {
    this.client = client
    // What is under way is told by its own promise.
    client.on('error', error => (this.lost = error))
  }

  static async open(admin: ClientConfig, name = 'commonhold backups'): Promise<Replication> {
    const stream = ({ ssl }: { ssl?: unknown }) => (ssl ? new Socket() : messageSocket())
    const own = { application_name: name, replication: 'true', keepAlive: true, statement_timeout: 0 }
    const settings = { ...admin, ...own, stream: stream as never }
    const client = new pg.Client(settings)
    const replication = new Replication(client)
    try {
      await client.connect()
    } catch (cause) {
      const { code = '', message } = cause as pg.DatabaseError
      // 42501 no right, 28000 pg_hba.conf, 53300 no free sender, 55000 no senders at all
      if (/^(42501|28000|53300|55000)$/.test(code)) throw errors.replicationRefused({ reason: message }, cause)
      throw cause
    }
    return replication
  }

  /** Runs a command and answers its last rows; what it copies out goes to `onData`, which may ask for a pause. */
  async run(text: string, copies: Copies = {}): Promise<Row[][]> {
    if (this.lost) throw this.lost
    const command = new Command(text, copies)
    this.client.query(command as never)
    return await command.done
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => {})
  }

  /** Ends it at once, whatever is under way. */
  destroy(): void {
    const { connection } = this.client as unknown as { connection: Wire }
    connection.stream.destroy()
  }
}

export type Copies = {
  /** Called with each message of a COPY, in order, whose memory is used again after it; resolves (or returns) when more may come. */
  onData?: (data: Buffer) => Promise<void> | undefined
  /** Told of each row as it comes. */
  onRow?: (row: Row) => void
  /** What is copied in. */
  input?: Buffer
  /** Given what sends messages back, when the server has begun to copy in both directions. */
  onBoth?: (send: CopySender) => void
}

export type CopySender = { send(data: Buffer): void; end(): void }

class Command {
  readonly done: Promise<Row[][]>
  private readonly text: string
  private readonly copies: Copies
  private settle!: { resolve(results: Row[][]): void; reject(error: unknown): void }
  private readonly results: Row[][] = []
  private names: string[] = []
  private waiting: Promise<void>[] = []
  private failure: unknown

  constructor(text: string, copies: Copies) {
    this.text = text
    this.copies = copies
    this.done = new Promise((resolve, reject) => {
      this.settle = { resolve, reject }
    })
  }

  submit(connection: Wire): null {
    connection.query(this.text)
    const { onBoth } = this.copies
    if (onBoth) this.copyBoth(connection, onBoth)
    return null
  }

  // pg tells of a COPY in both directions by events alone. Whoever ends it first, the other has to end it too.
  private copyBoth(connection: Wire, onBoth: NonNullable<Copies['onBoth']>): void {
    let isEnded = false
    const end = () => {
      if (!isEnded) connection.endCopyFrom()
      isEnded = true
    }
    const events = connection as unknown as NodeJS.EventEmitter
    const begin = () => onBoth({ send: data => connection.sendCopyFromChunk(data), end })
    events.once('replicationStart', begin)
    events.once('copyDone', end)
    this.forget = () => {
      events.off('replicationStart', begin)
      events.off('copyDone', end)
    }
  }

  private forget: () => void = () => {}

  // pg's client calls the following on the query that is being answered.
  handleRowDescription({ fields }: Fields): void {
    this.names = fields.map(({ name }) => name)
    this.results.push([])
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const row = Object.fromEntries(this.names.map((name, index) => [name, fields[index] ?? null]))
    this.results.at(-1)?.push(row)
    this.copies.onRow?.(row)
  }

  handleCopyInResponse(connection: Wire): void {
    const { input = Buffer.alloc(0) } = this.copies
    for (let at = 0; at < input.length; at += 65_536) connection.sendCopyFromChunk(input.subarray(at, at + 65_536))
    connection.endCopyFrom()
  }

  handleCopyData({ chunk }: { chunk: Buffer }, connection: Wire): void {
    if (this.failure !== undefined) return
    const wait = this.copies.onData?.(chunk)
    if (!wait) return
    this.waiting.push(wait)
    connection.stream.pause()
    wait
      .catch(error => {
        this.failure ??= error
        connection.stream.destroy()
      })
      .finally(() => {
        this.waiting = this.waiting.filter(other => other !== wait)
        if (this.waiting.length === 0) connection.stream.resume()
      })
  }

  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  handleError(error: unknown): void {
    this.forget()
    Promise.allSettled(this.waiting).then(() => this.settle.reject(this.failure ?? error))
  }

  handleReadyForQuery(): void {
    this.forget()
    Promise.all(this.waiting).then(
      () => (this.failure === undefined ? this.settle.resolve(this.results) : this.settle.reject(this.failure)),
      error => this.settle.reject(error),
    )
  }
}
