import type { Check, Finding } from '#platform/checks.ts'
import { sql } from '#platform/database'
import { readFigures } from '../health/figures.ts'
import { listSlowStatements } from '../health/statements.ts'
import { bytesInWords, finding, percent } from './findings.ts'

/**
 * By major version the first minor one without a known way for a login to see what it may not: CVE-2025-8713 (statistics
 * show hidden rows), CVE-2025-8714 and -8715 (code in dumps), and those before. When each version ends.
 */
const versions: Readonly<Record<number, { least: number; end: string }>> = {
  15: { least: 14, end: '2027-11-11' },
  16: { least: 10, end: '2028-11-09' },
  17: { least: 6, end: '2029-11-08' },
  18: { least: 0, end: '2030-11-14' },
}

/** What minor version of a major one is asked for at least; undefined for one that is not known. */
export const leastMinor = (major: number): number | undefined => versions[major]?.least

export function versionFindings(number: number, now: Date): Finding[] {
  const [major, minor] = [Math.floor(number / 10_000), number % 10_000]
  const known = versions[major]
  if (!known) return []
  const findings: Finding[] = []
  if (minor < known.least) {
    findings.push(
      finding(
        'critical',
        `PostgreSQL ${major}`,
        `The server is PostgreSQL ${major}.${minor}, in which rows that policies hide can be guessed from statistics (CVE-2025-8713).`,
        `Update it to ${major}.${known.least} or later: stop, install, start.`,
      ),
    )
  }
  const days = (Date.parse(known.end) - now.getTime()) / 86_400_000
  if (days < 180) {
    findings.push(
      finding(
        days < 0 ? 'warning' : 'info',
        `PostgreSQL ${major} ends`,
        `PostgreSQL ${major} ${days < 0 ? 'gets' : 'will get'} no more corrections ${days < 0 ? 'since' : 'from'} ${known.end}${days < 0 ? '' : ' on'}.`,
        'Plan the change to a later major version.',
      ),
    )
  }
  return findings
}

type Settings = Readonly<Record<string, string>>
type Rule = {
  setting: string
  isUnsafe: (value: string, all: Settings) => boolean
  severity: Finding['severity']
  says: string
  advice: string
}

const off = (value: string) => value === 'off'

/** Settings with which data can be lost, or be read by who should not. */
const rules: readonly Rule[] = [
  {
    setting: 'fsync',
    isUnsafe: off,
    severity: 'critical',
    says: 'fsync is off: after a power cut the database may be beyond repair.',
    advice: 'alter system set fsync = on; select pg_reload_conf();',
  },
  {
    setting: 'full_page_writes',
    isUnsafe: off,
    severity: 'critical',
    says: 'full_page_writes is off: a page that was half written at a power cut stays so.',
    advice: 'alter system set full_page_writes = on; select pg_reload_conf();',
  },
  {
    setting: 'synchronous_commit',
    isUnsafe: off,
    severity: 'warning',
    says: 'synchronous_commit is off: what was acknowledged in the last moments before a crash is lost.',
    advice: 'alter system set synchronous_commit = on; select pg_reload_conf();',
  },
  {
    setting: 'autovacuum',
    isUnsafe: off,
    severity: 'critical',
    says: 'autovacuum is off: tables grow without end, and transaction numbers run out.',
    advice: 'alter system set autovacuum = on; select pg_reload_conf();',
  },
  {
    setting: 'track_counts',
    isUnsafe: off,
    severity: 'critical',
    says: 'track_counts is off: autovacuum does not know what to do.',
    advice: 'alter system set track_counts = on; select pg_reload_conf();',
  },
  {
    setting: 'password_encryption',
    isUnsafe: value => value !== 'scram-sha-256',
    severity: 'warning',
    says: 'New passwords are kept as MD5.',
    advice: "alter system set password_encryption = 'scram-sha-256'; select pg_reload_conf();",
  },
  {
    setting: 'log_statement',
    isUnsafe: value => value === 'all' || value === 'mod',
    severity: 'warning',
    says: 'log_statement writes every change with its values into the log of the server: personal data, and secrets.',
    advice: "alter system set log_statement = 'ddl'; select pg_reload_conf();",
  },
  {
    setting: 'log_parameter_max_length',
    isUnsafe: (value, all) =>
      value !== '0' && all.log_min_duration_statement !== '-1' && Number(all.log_min_duration_statement) < 1000,
    severity: 'warning',
    says: 'Statements are logged with their values, also quick ones: personal data, and secrets.',
    advice: 'alter system set log_parameter_max_length = 0; select pg_reload_conf();',
  },
  {
    setting: 'log_parameter_max_length_on_error',
    isUnsafe: value => value !== '0',
    severity: 'warning',
    says: 'Statements that fail are logged with their values: personal data, and secrets.',
    advice: 'alter system set log_parameter_max_length_on_error = 0; select pg_reload_conf();',
  },
  {
    setting: 'max_slot_wal_keep_size',
    isUnsafe: (value, all) => value === '-1' && Number(all.slots) > 0,
    severity: 'warning',
    says: 'What a replication slot keeps has no end: one that is forgotten fills the disk.',
    advice: "alter system set max_slot_wal_keep_size = '20GB'; select pg_reload_conf();",
  },
  {
    setting: 'row_security',
    isUnsafe: off,
    severity: 'warning',
    says: 'row_security is off: statements that a policy would narrow fail.',
    advice: 'alter system set row_security = on; select pg_reload_conf();',
  },
  {
    setting: 'data_checksums',
    isUnsafe: off,
    severity: 'info',
    says: 'Pages have no checksums: a disk that alters them is not noticed.',
    advice: 'With the server stopped: pg_checksums --enable -D <data directory>',
  },
]

export const serverChecks: readonly Check[] = [
  {
    code: 'server.version',
    title: 'Minor versions with known holes',
    isEverywhere: true,
    async run({ tx, app }) {
      const { number } = await tx.one(sql<{ number: number }>`
        select current_setting('server_version_num')::integer as number`)
      return versionFindings(number, app.clock.now())
    },
  },
  {
    code: 'server.settings',
    title: 'Settings with which data can be lost or read',
    isEverywhere: true,
    async run({ tx }) {
      const { settings } = await tx.one(sql<{ settings: Settings }>`
        select jsonb_object_agg(name, setting) || jsonb_build_object(
          'slots', (select count(*)::text from pg_replication_slots)
        ) as settings
        from pg_settings
        where name = any(${[...rules.map(({ setting }) => setting), 'log_min_duration_statement']})`)
      return rules
        .filter(({ setting, isUnsafe }) => settings[setting] !== undefined && isUnsafe(settings[setting], settings))
        .map(({ severity, setting, says, advice }) => finding(severity, setting, says, advice))
    },
  },
  {
    code: 'server.cache',
    title: 'How much is read from memory',
    async run({ tx }) {
      const { cacheHit } = await readFigures(tx)
      if (cacheHit === null || cacheHit >= 0.9) return []
      return [
        finding(
          cacheHit < 0.7 ? 'warning' : 'info',
          'shared_buffers',
          `Of what is read, ${percent(cacheHit)} was in the server's memory.`,
          'Raise shared_buffers to a quarter of the memory, and look at the slow statements for scans.',
        ),
      ]
    },
  },
  {
    code: 'server.checkpoints',
    title: 'Checkpoints that the amount written forces',
    async run({ tx }) {
      const { checkpoints, walBytes } = await readFigures(tx)
      const { timed, requested } = checkpoints
      if (requested < 20 || requested <= timed) return []
      return [
        finding(
          'info',
          'max_wal_size',
          `${requested} of ${requested + timed} checkpoints were forced by the amount written (${bytesInWords(walBytes)}), and each page is logged whole after them.`,
          "alter system set max_wal_size = '4GB'; select pg_reload_conf();",
        ),
      ]
    },
  },
  {
    code: 'statements.statistics',
    title: 'Whether slow statements can be seen',
    async run({ tx }) {
      const { state, advice } = await listSlowStatements(tx, 1)
      if (state === 'ready') return []
      return [
        finding(
          'info',
          'pg_stat_statements',
          'The server keeps no statistics of statements that could be read.',
          advice ?? '',
        ),
      ]
    },
  },
  {
    code: 'statements.slow',
    title: 'Statements that take long on average',
    async run({ tx }) {
      const { items } = await listSlowStatements(tx, 5, 1_000)
      return items
        .filter(({ calls }) => calls >= 10)
        .map(({ id, text, calls, meanMs }) =>
          finding(
            'info',
            id,
            `A statement takes ${(meanMs / 1000).toFixed(1)} s on average (${calls} times): ${text.replace(/\s+/g, ' ').slice(0, 120)}`,
            'explain (analyze, buffers) it; see Operations, Health, Statements',
          ),
        )
    },
  },
]
