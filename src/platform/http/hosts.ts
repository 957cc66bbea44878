import { domainToASCII } from 'node:url'

/** What the host name of a request stands for. */
export type HostAnswer =
  /** `isKnown`: it is the installation's own, so that pages of it may write. */
  | { kind: 'installation'; isKnown: boolean }
  | { kind: 'tenant'; tenantId: string }
  /** The tenant is at this label below the installation's host: it has given another one up, or asked for by its own domain. */
  | { kind: 'elsewhere'; label: string; isOwnDomain: boolean }
  | { kind: 'unknown' }

/** Finds out what a `Host` header stands for. */
export type HostResolver = (host: string) => Promise<HostAnswer>

/**
 * A host name as it is compared: lower case, IDNA in ASCII, without port and trailing dot; an IPv6 address in brackets.
 * Undefined for what is none.
 */
export function canonicalHost(host: string): string | undefined {
  const [, bracketed, name = ''] = /^(?:(\[[0-9a-f:.]+\])|([^\s:/?#@[\]\\]+))(?::\d{0,5})?$/i.exec(host) ?? []
  if (bracketed !== undefined)
    return URL.canParse(`http://${bracketed}`) ? new URL(`http://${bracketed}`).hostname : undefined
  const bare = name.replace(/\.$/, '')
  const ascii = domainToASCII(bare)
  return ascii === '' || ascii.length > 253 || ascii.split('.').some(label => label === '' || label.length > 63)
    ? undefined
    : ascii
}
