import { existsSync } from 'node:fs'
import { join } from 'node:path'
import files from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { pageHeaders } from './security-headers.ts'

/**
 * Serves the built console and returns what answers its client-side addresses with the page.
 * Files below `/assets` carry a hash in their names and never change; everything else is asked for each time.
 */
export async function serveConsole(
  server: FastifyInstance,
  directory: string,
): Promise<((reply: FastifyReply) => FastifyReply) | undefined> {
  if (!existsSync(join(directory, 'index.html'))) return undefined
  await server.register(files, {
    root: directory,
    wildcard: false,
    dotfiles: 'ignore',
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.headers(pageHeaders)
      if (path.startsWith(join(directory, 'assets'))) reply.header('cache-control', forGood)
    },
  })
  return reply => reply.code(200).sendFile('index.html')
}

const forGood = 'public, max-age=31536000, immutable'
