import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Type } from 'typebox'
import { DomainError } from '#platform/errors.ts'
import { loadConfig } from './config.ts'

const modules = [{ name: 'example', config: { exampleLimit: Type.Integer({ default: 5, description: 'A limit' }) } }]

test('settings have defaults, and the environment overrides them in the right type', () => {
  const { settings, described } = loadConfig(modules, { COMMONHOLD_PORT: '8080', COMMONHOLD_EXAMPLE_LIMIT: '7' })
  assert.equal(settings.port, 8080)
  assert.equal(settings.exampleLimit, 7)
  assert.equal(settings.host, '127.0.0.1')
  assert.equal(described.find(setting => setting.name === 'port')?.origin, 'environment')
  assert.ok(Object.isFrozen(settings))
})

test('all faults are reported together, secrets not shown', () => {
  const environment = { COMMONHOLD_PORT: 'eighty', DATABASE_URL: 'mysql://secret@host', COMMONHOLD_PROT: '1' }
  assert.throws(
    () => loadConfig(modules, environment),
    error => {
      assert.ok(error instanceof DomainError && error.code === 'config.invalid')
      for (const part of ['COMMONHOLD_PORT: "eighty"', 'DATABASE_URL', 'COMMONHOLD_PROT: there is no such setting']) {
        assert.ok(error.message.includes(part), `${part} is missing in ${error.message}`)
      }
      assert.ok(!error.message.includes('secret@host'))
      return true
    },
  )
})

test('a setting of few values lists them, also when it is given another', () => {
  const { described } = loadConfig([], {})
  const levels = ['debug', 'info', 'warn', 'error', 'silent']
  assert.deepEqual(described.find(setting => setting.name === 'logLevel')?.allowed, levels)
  assert.equal(described.find(setting => setting.name === 'port')?.allowed, undefined)
  assert.throws(
    () => loadConfig([], { COMMONHOLD_LOG_LEVEL: 'loud' }),
    /COMMONHOLD_LOG_LEVEL: "loud" must be debug or info or warn or error or silent/,
  )
})

test('PE-11 a secret may come from a file', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'commonhold-config-')), 'url')
  writeFileSync(file, 'postgres://someone@host/db\n')
  const { settings, described } = loadConfig([], { DATABASE_URL_FILE: file })
  assert.equal(settings.databaseUrl, 'postgres://someone@host/db')
  assert.equal(described.find(setting => setting.name === 'databaseUrl')?.origin, 'file')
  assert.throws(() => loadConfig([], { DATABASE_URL_FILE: `${file}.gone` }), /cannot be read \(ENOENT\)/)
})
