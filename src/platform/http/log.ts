import { type DestinationStream, destination, type Level, type Logger, pino, stdSerializers } from 'pino'

/** Names under which secrets travel, and what of a database error quotes a row; hidden at two depths. */
const secrets = [
  'password',
  'newPassword',
  'token',
  'accessToken',
  'refreshToken',
  'secret',
  'authorization',
  'cookie',
  'headers',
  'body',
]
const quotingRows = ['detail', 'where', 'internalQuery', 'parameters']

/**
 * The program's log: JSON lines on stderr, written asynchronously (a line per request written at once halves the
 * throughput) and flushed at exit. Secrets are hidden by their names.
 */
export function createLogger(
  level: Level | 'silent',
  stream: DestinationStream = destination({ fd: 2, sync: false, minLength: 4096 }),
): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause },
      redact: {
        paths: [
          ...secrets.flatMap(name => [name, `*.${name}`]),
          ...quotingRows.flatMap(name => [`err.${name}`, `err.cause.${name}`]),
        ],
        censor: '[hidden]',
      },
    },
    stream,
  )
}
