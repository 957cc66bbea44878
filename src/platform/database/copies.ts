import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type { ClientBase } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

/**
 * Lines of COPY's text format on their way into a table of this connection, such as `pg_temp.rows (line, email)`, in
 * chunks. What the server refuses is thrown by the next `flush` or `end`; after either has thrown comes `abandon`.
 */
export class CopyInto {
  private readonly client: ClientBase
  private readonly target: string
  private stream: ReturnType<typeof copyFrom> | undefined
  private failed: Promise<never> | undefined
  private hasFailed = false
  private text = ''

  constructor(client: ClientBase, target: string) {
    this.client = client
    this.target = target
  }

  /** `line` without its end. */
  add(line: string): void {
    this.text += `${line}\n`
  }

  /** Sends what has gathered, and waits when the server is behind. */
  async flush(): Promise<void> {
    if (this.hasFailed) await this.failed
    if (this.text === '') return
    const stream = this.stream ?? this.open()
    const chunk = Buffer.from(this.text)
    this.text = ''
    if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), this.failed])
  }

  /** Resolves when the rows are in the table; without any line nothing is sent. */
  async end(): Promise<void> {
    await this.flush()
    if (!this.stream) return
    this.stream.end()
    await Promise.race([finished(this.stream), this.failed])
  }

  /** Has the server forget the rows, which its transaction then cannot outlive. */
  async abandon(): Promise<void> {
    if (!this.stream || this.hasFailed) return
    this.stream.destroy(new Error('The COPY was given up'))
    await finished(this.stream).catch(() => {})
  }

  private open() {
    const stream = this.client.query(copyFrom(`copy ${this.target} from stdin`))
    // An error does not end the stream, so that whoever waits for its end waits for ever; and it comes while nobody waits.
    this.failed = new Promise((_, fail) => {
      stream.on('error', error => {
        this.hasFailed = true
        fail(error)
      })
    })
    this.failed.catch(() => {})
    this.stream = stream
    return stream
  }
}
