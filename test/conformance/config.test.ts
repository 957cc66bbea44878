import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import * as openid from 'openid-client'
import { discover, reached, registerClient } from '#test/oauth-browser.ts'
import { testWorld } from '#test/world.ts'

// The plan "Config OP" has one module, of many checks; each stands here by the name of what it looks at. It wants https.
const world = await testWorld({ environment: { COMMONHOLD_PUBLIC_URL: 'https://commonhold.example' } })
const { alice } = world
const issuer = 'https://commonhold.example/t/meridian-capture'

type Metadata = Record<string, unknown> & { jwks_uri: string }

const ask = (address: string) => fetch(reached(world, address))

async function readMetadata(): Promise<Metadata> {
  return (await (await ask(`${issuer}/.well-known/openid-configuration`)).json()) as Metadata
}

const includes = (metadata: Metadata, name: string, ...values: string[]) => {
  const said = metadata[name]
  assert.ok(Array.isArray(said) && values.every(value => said.includes(value)), `${name} ${JSON.stringify(said)}`)
}

test('GG-13 oidcc-discovery-endpoint-verification: an issuer is described at its address, as JSON', async () => {
  const response = await ask(`${issuer}/.well-known/openid-configuration`)
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
  assert.equal(((await response.json()) as Metadata).issuer, issuer)
  const config = await discover(world, 'meridian-capture', await registerClient(alice))
  assert.equal(config.serverMetadata().issuer, issuer, 'openid-client compares it too')
  assert.ok(config.serverMetadata().supportsPKCE())
})

test('GG-13 oidcc-discovery-endpoint-verification: all endpoints are there, by https, below the issuer', async () => {
  const metadata = await readMetadata()
  const endpoints = Object.entries(metadata).filter(([name]) => /_endpoint$|^jwks_uri$/.test(name))
  const names = endpoints.map(([name]) => name)
  for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri'])
    assert.ok(names.includes(name), name)
  for (const [name, address] of endpoints) assert.ok(String(address).startsWith(`${issuer}/`), name)
  assert.equal(metadata.registration_endpoint, undefined, 'clients are registered by people')
})

test('GG-13 oidcc-discovery-endpoint-verification: what it says that it does is what the specification has', async () => {
  const metadata = await readMetadata()
  assert.deepEqual(metadata.response_types_supported, ['code'])
  assert.deepEqual(metadata.subject_types_supported, ['public'])
  includes(metadata, 'id_token_signing_alg_values_supported', 'RS256')
  includes(metadata, 'grant_types_supported', 'authorization_code', 'refresh_token')
  includes(metadata, 'scopes_supported', 'openid', 'profile', 'email')
  includes(metadata, 'claims_supported', 'sub', 'name', 'email', 'email_verified')
  includes(metadata, 'token_endpoint_auth_methods_supported', 'client_secret_basic', 'client_secret_post')
  assert.equal(metadata.claims_parameter_supported, true)
  assert.equal(metadata.request_uri_parameter_supported, false)
  for (const name of ['id_token_signing_alg_values_supported', 'token_endpoint_auth_signing_alg_values_supported'])
    assert.ok(!(metadata[name] as string[]).some(alg => /^(none|HS)/.test(alg)), name)
})

test('GG-13 oidcc-discovery-endpoint-verification: its keys are public ones, each named and of one use', async () => {
  const { jwks_uri: address } = await readMetadata()
  const { keys } = (await (await ask(address)).json()) as JSONWebKeySet
  assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length)
  for (const key of keys) {
    assert.equal(key.use, 'sig')
    assert.match(String(key.kty), /^(RSA|EC)$/)
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(secret in key), secret)
    await createLocalJWKSet({ keys: [key] })({ alg: key.alg as string, kid: key.kid as string })
  }
})

test('GG-13 RFC 8414 3.3: who discovers an issuer at another’s address is not taken in', async () => {
  const customFetch: openid.CustomFetch = () => ask(`${issuer}/.well-known/openid-configuration`)
  const discovery = openid.discovery(
    new URL('https://commonhold.example/t/northgate-partners'),
    'app_of_another',
    undefined,
    openid.None(),
    { [openid.customFetch]: customFetch },
  )
  await assert.rejects(discovery, /issuer|unexpected/i)
})
