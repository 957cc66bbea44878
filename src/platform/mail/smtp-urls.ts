import { isLoopbackHost } from './loopback.ts'

/** A mail server as nodemailer takes it. */
export type MailServer = {
  host: string
  port: number
  secure: boolean
  requireTLS: boolean
  ignoreTLS: boolean
  auth?: { user: string; pass: string }
  name?: string
  tls: { rejectUnauthorized: boolean; servername?: string }
}

type Options = { [name: string]: string }
const flags = ['requireTLS', 'ignoreTLS', 'tls.rejectUnauthorized']
const texts = ['tls.servername', 'name']

/**
 * Reads SMTP_URL: `smtps://` is TLS from the start, `smtp://` is STARTTLS, without which a server is not spoken to
 * unless it is on this computer. `?requireTLS=false`, `ignoreTLS=true` and `tls.rejectUnauthorized=false` take that
 * back, `tls.servername` and `name` (of EHLO) add to it. Answers the fault instead, without quoting the password.
 */
export function readSmtpUrl(text: string): { server: MailServer; fault?: never } | { server?: never; fault: string } {
  if (!URL.canParse(text)) return { fault: 'it is not a URL' }
  const url = new URL(text)
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')
    return { fault: 'it begins with neither smtp:// nor smtps://' }
  if (!/^([a-z0-9._-]+|\[[0-9a-f:.]+\])$/i.test(url.hostname)) return { fault: 'it names no host' }
  if (!/^\/?$/.test(url.pathname) || url.hash !== '')
    return { fault: 'something follows the host; / is written %2F, # %23' }
  if (url.port === '0') return { fault: 'port 0 is none' }
  if ((url.username === '') !== (url.password === '')) return { fault: 'it needs both user and password, or neither' }
  const options: Options = Object.fromEntries(url.searchParams)
  const unknown = Object.keys(options).find(name => !flags.includes(name) && !texts.includes(name))
  if (unknown !== undefined)
    return { fault: `there is no option ${unknown}; there are ${[...flags, ...texts].join(', ')}` }
  const unclear = flags.find(name => !['true', 'false', undefined].includes(options[name]))
  if (unclear !== undefined) return { fault: `${unclear} is true or false` }
  const [user, pass] = [decode(url.username), decode(url.password)]
  if (user === undefined || pass === undefined) return { fault: 'a % in user or password is written %25' }

  const isSecure = url.protocol === 'smtps:'
  const isNear = isLoopbackHost(url.hostname)
  const ignoreTLS = options.ignoreTLS === 'true'
  return {
    server: {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (isSecure ? 465 : 587) : Number(url.port),
      secure: isSecure,
      requireTLS: !isSecure && !ignoreTLS && flagOf(options.requireTLS, !isNear),
      ignoreTLS,
      ...(user !== '' && { auth: { user, pass } }),
      ...(options.name !== undefined && { name: options.name }),
      tls: {
        // What stays on this computer needs no proof of whom it reaches, and mail catchers have none.
        rejectUnauthorized: flagOf(options['tls.rejectUnauthorized'], !isNear),
        ...(options['tls.servername'] !== undefined && { servername: options['tls.servername'] }),
      },
    },
  }
}

const flagOf = (text: string | undefined, otherwise: boolean) => (text === undefined ? otherwise : text === 'true')

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
