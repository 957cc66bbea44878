import { Resolver } from 'node:dns/promises'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { fetchPublic, type PublicRequest } from '#platform/http'

/** How a domain was proven, or in a sentence why not. */
export type Proof = { by: 'dns' | 'file' } | { fault: string }

/** What asks the world outside; tests give their own DNS server and certificate authority. */
export type Outside = {
  resolver?: Pick<Resolver, 'resolveTxt'>
  request?: Pick<PublicRequest, 'ca' | 'resolve'>
  /** Of the web server of the domain; 443 unless told. */
  port?: number
}

/** Where the proof stands in the DNS, and as what. */
export const recordOf = (domain: string, token: string) => ({
  name: `_commonhold.${domain}`,
  value: `commonhold-domain=${token}`,
})

/** Where the proof stands on the domain's web server; the file holds the same value. */
export const fileOf = (domain: string) => `https://${domain}/.well-known/commonhold-domain.txt`

/**
 * Looks whether who has the token also has the domain: by a TXT record, else by a file. Of what is found elsewhere nothing
 * but a match is told: a tenant must not read other servers through us.
 */
export async function proveDomain(app: App, domain: string, token: string, outside: Outside = {}): Promise<Proof> {
  const { name, value } = recordOf(domain, token)
  const inDns = await findRecord(name, value, outside.resolver ?? new Resolver({ timeout: 3000, tries: 2 }))
  if (inDns === 'found') return { by: 'dns' }
  const inFile = await findFile(app, domain, value, outside)
  if (inFile === 'found') return { by: 'file' }
  return { fault: `${inDns} ${inFile}` }
}

async function findRecord(name: string, value: string, resolver: Pick<Resolver, 'resolveTxt'>): Promise<string> {
  try {
    const records = await resolver.resolveTxt(name)
    // A long record comes in pieces.
    return records.some(pieces => pieces.join('').trim() === value)
      ? 'found'
      : `The TXT record ${name} holds something else.`
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ENOTFOUND' || code === 'ENODATA') return `There is no TXT record ${name}.`
    return `The name servers of the domain did not answer (${code ?? 'unknown'}).`
  }
}

async function findFile(app: App, domain: string, value: string, { request, port }: Outside): Promise<string> {
  const address = new URL(fileOf(domain))
  if (port !== undefined) address.port = String(port)
  try {
    const { status, body } = await fetchPublic(app, address.href, {
      milliseconds: 5000,
      mostBytes: 1000,
      headers: { accept: 'text/plain' },
      ...request,
    })
    if (status === 200 && body.toString('utf8').trim() === value) return 'found'
    return status === 200 ? 'The file holds something else.' : `The file is not there (status ${status}).`
  } catch (error) {
    if (error instanceof DomainError) return `The file could not be read: ${error.message}`
    throw error
  }
}
