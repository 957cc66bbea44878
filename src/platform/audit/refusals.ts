import type { App } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import { type AuditEvent, recordEvent } from './events.ts'
import { findSecurityDeclaration } from './security-declarations.ts'

/** A request that was refused. */
export type Refusal = {
  /** Of the error. */
  code: string
  /** Who asked, as far as that was found out. */
  scope: Scope
  sessionId?: string | undefined
  /** Whom to count it against beside tenant and user: the address, or its network. */
  caller: string
  details: Readonly<Record<string, unknown>>
}

/** What repeats within so long is one entry, with how often it was; milliseconds. */
const window = 60_000

/** So many callers get entries of their own for one code in a window and tenant; the others stand together in one. */
const mostCallers = 20

/** The same for all tenants together, who then stand in one that belongs to none. */
const mostOfAll = 200

type Repeated = { refusal: Refusal; count: number; callers?: Set<string>; tenantId?: string | undefined }

/**
 * MT-22: notes refused requests that modules have declared as security events, beside the request, whose own transaction
 * is gone. The first is written at once, and what repeats when its minute is over, so that neither a flood of refusals nor
 * one from many addresses makes more than some entries a minute, and nothing of it costs the request any time. A program
 * that is killed loses how often the last minute's were repeated. All are written before the database is closed.
 */
export class RefusalLog {
  private readonly app: Pick<App, 'db' | 'log'>
  private repeated = new Map<string, Repeated>()
  private readonly writing = new Set<Promise<void>>()
  private timer: NodeJS.Timeout | undefined

  constructor(app: Pick<App, 'db' | 'log'>) {
    this.app = app
    app.db.beforeClose(() => this.flush())
  }

  note(refusal: Refusal): void {
    if (!findSecurityDeclaration(refusal.code)?.isRefusal) return
    const { code, scope, caller } = refusal
    const key = JSON.stringify([code, scope.tenantId, scope.userId, caller])
    const known = this.repeated.get(key)
    if (known) {
      known.refusal = refusal
      known.count++
      return
    }
    this.timer ??= setTimeout(() => void this.flush(), window).unref()
    const alone = [...this.repeated.values()].filter(each => each.refusal.code === code && !each.callers)
    const beside = alone.filter(each => each.refusal.scope.tenantId === scope.tenantId)
    if (beside.length < mostCallers && alone.length < mostOfAll) {
      this.repeated.set(key, { refusal, count: 0 })
      this.write(refusal.scope, eventOf(refusal))
      return
    }
    // Who floods one tenant, or comes from none, keeps nothing from the eyes of another.
    const tenantId = beside.length < mostCallers ? undefined : scope.tenantId
    const group = JSON.stringify([code, tenantId])
    const others = this.repeated.get(group) ?? { refusal, count: 0, callers: new Set<string>(), tenantId }
    others.count++
    if (others.callers && others.callers.size < 10_000) others.callers.add(key)
    this.repeated.set(group, others)
  }

  /** Writes what was repeated, and returns when all is written. */
  async flush(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const repeated = [...this.repeated.values()].filter(({ count }) => count > 0)
    this.repeated = new Map()
    for (const { refusal, count, callers, tenantId } of repeated) {
      if (!callers) this.write(refusal.scope, eventOf(refusal, count))
      else {
        const details = { callers: callers.size, repeated: count }
        this.write({ tenantId }, { action: refusal.code, details, occurrences: count })
      }
    }
    await Promise.all(this.writing)
  }

  private write(scope: Scope, event: AuditEvent): void {
    const written = recordEvent(this.app.db.scoped(scope), event)
      .catch(error => this.app.log.error({ err: error, action: event.action }, 'A security event was not recorded'))
      .finally(() => this.writing.delete(written))
    this.writing.add(written)
  }
}

function eventOf({ code, details, sessionId }: Refusal, count = 0): AuditEvent {
  return {
    action: code,
    details: count > 0 ? { ...details, repeated: count } : details,
    sessionId,
    occurrences: Math.max(count, 1),
  }
}
