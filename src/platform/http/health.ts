import type { FastifyInstance } from 'fastify'
import { DomainError } from '#platform/errors.ts'
import { errors } from './errors.ts'
import type { Frame } from './frame.ts'

/** `/livez`: the process answers. `/readyz`: it may be sent requests. */
export function serveHealth(server: FastifyInstance, frame: Frame): void {
  server.get('/livez', async () => ({ status: 'ok' }))
  server.get('/readyz', async () => {
    if (frame.isClosing) throw errors.notReady({ reason: 'it is shutting down' })
    const timer = new AbortController()
    try {
      await Promise.race([frame.readiness(), failAfter(2000, timer.signal)])
    } catch (cause) {
      throw errors.notReady({ reason: cause instanceof DomainError ? cause.message : 'its database is away' }, cause)
    } finally {
      timer.abort()
    }
    return { status: 'ok' }
  })
}

function failAfter(milliseconds: number, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer in ${milliseconds} ms`)), milliseconds)
    signal.addEventListener('abort', () => clearTimeout(timer))
  })
}
