import { join } from 'node:path'
import type pg from 'pg'
import { discover, makeServiceAccount, OAuthBrowser, registerClient, signInAgain } from '#test/oauth-browser.ts'
import type { BenchContext } from '../context.ts'
import type { Client, Tokens } from './alone.ts'
import type { Opened, Owner } from './ours.ts'
import { type Process, startProcess, watchPostgres } from './processes.ts'

export type Issuer = {
  process: Process
  address: string
  authorization: string
  signIn(times: number): Promise<Tokens[]>
}

export type World = {
  admin: pg.Client
  ours: Issuer
  alone: Issuer
  floors: Process
  /** Seconds of CPU so far. */
  postgres: () => number
  close(): Promise<unknown>
}

const scope = 'openid profile email offline_access'
const owner: Owner = {
  email: 'bench@example.com',
  password: 'correct horse battery staple',
  fullName: 'Bench',
  tenantName: 'Bench',
}

/** Both issuers with the same client, each in a process, and one for the floors. With `profile` V8 writes there what it saw. */
export async function openWorld({ login, adminConfig, admin }: BenchContext, profile?: string): Promise<World> {
  const start = (name: string) => startProcess(`bench/oauth/${name}.ts`, profile && join(profile, name))
  const [first, second, floors] = [start('ours'), start('alone'), start('floors')]
  const { client, ...ours } = await openOurs(first, login)
  const { address } = await second.ask<{ address: string }>('open', client)
  await floors.ask('open', adminConfig)
  return {
    admin,
    ours,
    alone: { ...ours, process: second, address, signIn: times => second.ask('signIn', times) },
    floors,
    postgres: await watchPostgres(admin),
    close: () => Promise.all([first, second, floors].map(each => each.stop())),
  }
}

/** A workspace with an application that people sign in to, and that acts for itself too. */
async function openOurs(process: Process, login: pg.ClientConfig): Promise<Issuer & { client: Client }> {
  const { address, publicUrl } = await process.ask<Opened>('open', { login, owner })
  const world = { app: { publicUrl }, baseUrl: address } as OAuthBrowser['world']
  const browser = new OAuthBrowser(world)
  await browser.signIn(owner)
  const person = {
    fetch: (path: string, { method = 'GET', body }: { method?: string; body?: unknown } = {}) => {
      const headers = {
        'sec-fetch-site': 'same-origin',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      }
      return browser.fetch(`${address}/api/v1${path}`, { method, headers, body: JSON.stringify(body) })
    },
  }
  const registered = await registerClient(person, {
    grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
    serviceAccountId: await makeServiceAccount(person, 'Bench', 'viewer'),
  })
  const client = { clientId: registered.clientId, secret: registered.secret as string }
  const config = await discover(world, 'bench', registered)
  return {
    process,
    client,
    address: `${address}/t/bench`,
    authorization: `Basic ${Buffer.from(`${client.clientId}:${client.secret}`).toString('base64')}`,
    async signIn(times) {
      const tokens: Tokens[] = []
      for (let time = 0; time < times; time++) {
        const { access_token: access, refresh_token: refresh = '' } = await signInAgain(browser, config, { scope })
        tokens.push({ access, refresh })
      }
      return tokens
    },
  }
}
