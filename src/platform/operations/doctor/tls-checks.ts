import { connect as connectPlain, isIP } from 'node:net'
import { connect as connectTls, type PeerCertificate } from 'node:tls'
import type { ClientConfig } from 'pg'
import type { Check, Finding } from '#platform/checks.ts'
import { sql } from '#platform/database'
import { finding } from './findings.ts'

export const tlsChecks: readonly Check[] = [
  {
    code: 'tls.connection',
    title: 'PE-11: whether the way to a database elsewhere is encrypted',
    isEverywhere: true,
    async run({ tx, own }) {
      const findings = []
      for (const [who, through] of [
        ['administrator', tx],
        ['program', own],
      ] as const) {
        const row = await through.maybe(sql<{ ssl: boolean; address: string | null; version: string | null }>`
          select s.ssl, host(a.client_addr) as address, s.version
          from pg_stat_ssl s
          join pg_stat_activity a using (pid)
          where s.pid = pg_backend_pid()`)
        if (!row || row.address === null || isLoopback(row.address)) continue
        if (!row.ssl) {
          findings.push(
            finding(
              'critical',
              who,
              `The connection of the ${who} to the database is not encrypted, and comes from ${row.address}.`,
              'Turn ssl on at the server, take sslmode=disable out of the URL, and give the authority in DATABASE_CA_CERT.',
            ),
          )
        } else if (/^TLSv1(\.1)?$/.test(row.version ?? '')) {
          findings.push(
            finding(
              'warning',
              who,
              `The connection of the ${who} uses ${row.version}.`,
              "alter system set ssl_min_protocol_version = 'TLSv1.2';",
            ),
          )
        }
      }
      return findings
    },
  },
  {
    code: 'tls.certificate',
    title: 'PE-11: how long the certificate of the database server still holds',
    async run({ app }) {
      const admin = app.administration?.admin
      if (!admin?.ssl) return []
      const until = await readCertificateEnd(admin)
      return until ? certificateFindings(until, app.clock.now(), String(admin.host)) : []
    },
  },
  {
    code: 'tls.listening',
    title: 'PE-11: whether the server takes connections from elsewhere without TLS',
    async run({ tx }) {
      const { addresses, ssl, maySee } = await tx.one(sql<{ addresses: string; ssl: boolean; maySee: boolean }>`
        select
          current_setting('listen_addresses') as addresses,
          current_setting('ssl')::boolean as ssl,
          has_table_privilege('pg_catalog.pg_hba_file_rules', 'select')
            and has_function_privilege('pg_catalog.pg_hba_file_rules()', 'execute') as may_see`)
      const isOpen = addresses
        .split(',')
        .some(address => address.trim() !== '' && !/^(localhost|127\..*|::1)$/.test(address.trim()))
      const findings: Finding[] = []
      if (isOpen && !ssl) {
        findings.push(
          finding(
            'critical',
            'ssl',
            `The server listens on ${addresses} without TLS: passwords and rows can be read on the way.`,
            'Give it a certificate, then: alter system set ssl = on; select pg_reload_conf(); and hostssl in pg_hba.conf',
          ),
        )
      }
      if (!maySee) return findings
      const rows = await tx.run(sql<{ line: number; kind: string; method: string; address: string | null }>`
        select line_number as line, type as kind, auth_method as method, address
        from pg_hba_file_rules
        where type <> 'local'
          and error is null
          and auth_method in ('trust', 'password', 'md5')
        order by 1`)
      for (const { line, kind, method, address } of rows) {
        const isFar = address !== null && !isLoopback(address) && address !== 'samehost'
        if (method === 'trust' && (isFar || isOpen)) {
          findings.push(
            finding(
              isFar ? 'critical' : 'warning',
              `pg_hba.conf line ${line}`,
              `Line ${line} of pg_hba.conf lets ${address} in without a password.`,
              'Write scram-sha-256 there, then: select pg_reload_conf();',
            ),
          )
        }
        if (method === 'password' && kind !== 'hostssl' && isFar) {
          findings.push(
            finding(
              'critical',
              `pg_hba.conf line ${line}`,
              `Line ${line} of pg_hba.conf has ${address} send its password as it is.`,
              'Write hostssl and scram-sha-256 there, then: select pg_reload_conf();',
            ),
          )
        }
      }
      return findings
    },
  },
]

export function certificateFindings(until: Date, now: Date, host: string): Finding[] {
  const days = (until.getTime() - now.getTime()) / 86_400_000
  if (days > 30) return []
  return [
    finding(
      days < 7 ? 'critical' : 'warning',
      host,
      `The certificate of the database server ${host} ${days < 0 ? 'has ended' : 'ends'} on ${until.toISOString().slice(0, 10)}.`,
      'Issue a new one, put it beside the server, then: select pg_reload_conf(); nothing has to be restarted.',
    ),
  ]
}

/** Asks for TLS as a client of PostgreSQL does and looks at the certificate, without signing in. Undefined where there is none. */
export async function readCertificateEnd(admin: ClientConfig, milliseconds = 5_000): Promise<Date | undefined> {
  const { host = 'localhost', port = 5432 } = admin
  const { ca, servername } = typeof admin.ssl === 'object' ? admin.ssl : {}
  const socket = host.startsWith('/') ? connectPlain(`${host}/.s.PGSQL.${port}`) : connectPlain(port, host)
  socket.setTimeout(milliseconds, () => socket.destroy(new Error(`no answer in ${milliseconds} ms`)))
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('data', data => resolve(data.toString('latin1', 0, 1)))
      // SSLRequest: length 8, code 80877103.
      socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))
    })
    if (answer !== 'S') return undefined
    const secured = connectTls({
      socket,
      ...(ca === undefined ? {} : { ca }),
      ...(servername === undefined ? (isIP(host) ? {} : { servername: host }) : { servername }),
      // Whether it is trusted is for the connections; here it is read, also when it has ended already.
      rejectUnauthorized: false,
    })
    const certificate = await new Promise<PeerCertificate>((resolve, reject) => {
      secured.once('error', reject)
      secured.once('secureConnect', () => resolve(secured.getPeerCertificate()))
    })
    secured.destroy()
    return certificate.valid_to ? new Date(certificate.valid_to) : undefined
  } finally {
    socket.destroy()
  }
}

const isLoopback = (address: string) => /^(127\.|::1$|::1\/|localhost$)/.test(address)
