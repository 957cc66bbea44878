import { timingSafeEqual } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { App } from '#platform/app.ts'
import { errors } from './errors.ts'

/** What `/metrics` tells of this process. */
export type Metrics = {
  observe(method: string, route: string, status: number, seconds: number): void
  render(): Promise<string>
  contentType: string
}

export function createMetrics(app: App): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const labelNames = ['method', 'route', 'status'] as const
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests answered, by route template',
    labelNames,
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of its answer, by route template',
    labelNames,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  })
  new Gauge({
    name: 'database_connections',
    help: 'Pool connections in use and idle, and callers waiting for one',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { total, idle, waiting } = app.db.connections
      this.set({ state: 'used' }, total - idle)
      this.set({ state: 'idle' }, idle)
      this.set({ state: 'waiting' }, waiting)
    },
  })
  const { placed } = app
  if (placed) {
    new Gauge({
      name: 'tenant_databases',
      help: 'Databases of tenants beside the main one that this process has open, and those it finds away',
      labelNames: ['state'],
      registers: [registry],
      collect() {
        this.set({ state: 'open' }, placed.databases.open)
        this.set({ state: 'away' }, placed.databases.away)
      },
    })
  }
  const { kept } = app
  if (kept) {
    new Counter({
      name: 'http_kept_answers_total',
      help: 'Reports answered with a kept answer, together with the same request at work (shared), or anew (made)',
      labelNames: ['outcome'],
      registers: [registry],
      collect() {
        this.reset()
        for (const [outcome, count] of Object.entries(kept.counts)) this.inc({ outcome }, count)
      },
    })
    new Gauge({
      name: 'http_kept_answers_bytes',
      help: 'Memory that kept answers take',
      registers: [registry],
      collect() {
        this.set(kept.bytes)
      },
    })
  }
  for (const { name, help, labelNames = [], read } of app.modules.flatMap(module => module.gauges ?? [])) {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      async collect() {
        // What cannot be read now is left out: the rest must be told when the database is away, above all.
        const values = await read(app).catch(() => [])
        this.reset()
        for (const { labels, value } of values) this.set({ ...labels }, value)
      },
    })
  }
  // Finding a labelled series hashes its labels: done once for each route and status.
  const series = new Map<
    string,
    { requests: Counter.Internal; durations: Histogram.Internal<(typeof labelNames)[number]> }
  >()
  return {
    observe(method, route, status, seconds) {
      const key = `${status} ${method} ${route}`
      let found = series.get(key)
      if (!found) {
        const labels = { method, route, status: String(status) }
        found = { requests: requests.labels(labels), durations: durations.labels(labels) }
        series.set(key, found)
      }
      found.requests.inc()
      found.durations.observe(seconds)
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

/**
 * Metrics tell about the load and the routes. With a token they are for who sends it; without one only for a direct
 * request from a private address: a request that a proxy passed on came from anywhere, whatever its socket says.
 */
export function admitToMetrics(request: FastifyRequest, token: string | undefined): void {
  if (token !== undefined) {
    if (isSecret(request.headers.authorization ?? '', `Bearer ${token}`)) return
    throw errors.metricsRefused()
  }
  const forwarded = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']
  const isForwarded = forwarded.some(name => request.headers[name] !== undefined)
  if (isForwarded || !isPrivate(request.socket.remoteAddress ?? '')) throw errors.metricsRefused()
}

const privateNetworks = new BlockList()
privateNetworks.addSubnet('127.0.0.0', 8)
privateNetworks.addSubnet('10.0.0.0', 8)
privateNetworks.addSubnet('172.16.0.0', 12)
privateNetworks.addSubnet('192.168.0.0', 16)
privateNetworks.addSubnet('169.254.0.0', 16)
privateNetworks.addAddress('::1', 'ipv6')
privateNetworks.addSubnet('fc00::', 7, 'ipv6')
privateNetworks.addSubnet('fe80::', 10, 'ipv6')

/** Whether an address is of this machine or of a private network. */
function isPrivate(address: string): boolean {
  const version = isIP(address)
  return version !== 0 && privateNetworks.check(address, version === 6 ? 'ipv6' : 'ipv4')
}

function isSecret(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
