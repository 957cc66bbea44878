import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { identifyAgain } from './admissions.ts'
import type { Frame, Plan } from './frame.ts'
import type { Principal } from './route.ts'

/** The media type of server-sent events. */
export const eventStreamType = 'text/event-stream'

/** Whoever lets so many bytes pile up reads no more. */
const mostUnread = 64 * 1024
/** Its session is looked at so often, ms: with the two seconds that an answer is believed it ends within five. */
const checkEvery = 2_500
/** A sign of life goes out so often, in checks: proxies cut what is silent for a minute. */
const restEvery = 8

/**
 * Server-sent events to one window (HTML, 9.2). Give it to the frame as the body of a `Reply`: it keeps it alive, and ends
 * it when the session ends, when the tenant that it was opened in is left or closed, and when the server closes.
 */
export class EventStream extends Readable {
  constructor() {
    super({ read() {} })
    this.push('retry: 5000\n\n')
  }

  /** `data` is sent as JSON. The browser sends the last `id` in `Last-Event-ID` when it comes again. */
  tell(event: { event: string; data: unknown; id?: string | undefined }): void {
    const id = event.id === undefined ? '' : `id: ${event.id}\n`
    this.write(`event: ${event.event}\n${id}data: ${JSON.stringify(event.data)}\n\n`)
  }

  rest(): void {
    this.write(':\n\n')
  }

  /** Ends it in order; the browser comes again by itself. */
  finish(): void {
    if (!this.isOver) this.push(null)
    this.isOver = true
  }

  /** Asked every few seconds beside the session: false ends the stream. On a public route nothing else is asked. */
  stillOpen: (() => Promise<boolean>) | undefined

  private isOver = false

  private write(text: string): void {
    if (this.isOver || this.destroyed) return
    if (this.readableLength > mostUnread) this.destroy()
    else this.push(text)
  }
}

/** Sends a stream, and stays with it until it ends. */
export function sendEvents(
  frame: Frame,
  plan: Plan,
  request: FastifyRequest,
  reply: FastifyReply,
  stream: EventStream,
): FastifyReply {
  const tenantId = request.call?.scope.tenantId
  let checks = 0
  const check = async () => {
    const isIts =
      plan.route.allow === 'public' || isStillPermitted(plan, await identifyAgain(frame, plan, request), tenantId)
    if (!isIts || (await stream.stillOpen?.()) === false) stream.finish()
    else if (++checks % restEvery === 0) stream.rest()
  }
  // Also where the database is away: better that the window asks again than that it hears what it must not.
  const checking = setInterval(() => void check().catch(() => stream.finish()), checkEvery)
  frame.streams.add(stream)
  stream.on('close', () => {
    clearInterval(checking)
    frame.streams.delete(stream)
  })
  if (frame.isClosing || request.method === 'HEAD') stream.finish()
  return reply
    .header('content-type', eventStreamType)
    .header('cache-control', 'no-store, no-transform')
    .header('x-accel-buffering', 'no')
    .send(stream)
}

/** In the tenant that it was opened in, and with the permission that its route names. */
function isStillPermitted({ permission }: Plan, principal: Principal, tenantId: string | undefined): boolean {
  return principal.tenantId === tenantId && (permission === undefined || principal.permissions.has(permission))
}
