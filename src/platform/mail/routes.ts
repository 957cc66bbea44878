import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, route } from '#platform/http'
import { getKeptMail, KeptMail, KeptMailContent, listKeptMails, requireMailbox } from './mailbox.ts'

const description =
  'In development only: where no mail server is set and the public address is this computer. Asked from elsewhere, under another host name or through a proxy, it answers 404.'

export const mailRoutes = [
  route({
    method: 'GET',
    path: '/mailbox',
    allow: 'public',
    summary: 'List the mails that would have been sent, newest first',
    description,
    query: Type.Object({
      q: Type.Optional(Type.String({ maxLength: 255, description: 'A part of the address or of the mail’s name' })),
      ...pageQuery,
    }),
    refusals: ['mail.mailbox_closed'],
    response: pageOf(KeptMail),
    async handle(request, app) {
      requireMailbox(app, request)
      const { q, limit, cursor } = request.query
      return await listKeptMails(app, { q }, { limit, cursor })
    },
  }),
  route({
    method: 'GET',
    path: '/mailbox/{id}',
    allow: 'public',
    summary: 'Read a mail that would have been sent',
    description,
    params: idParams,
    refusals: ['mail.mailbox_closed', 'mail.message_not_found'],
    response: KeptMailContent,
    etag: false,
    async handle(request, app) {
      requireMailbox(app, request)
      return await getKeptMail(app, request.params.id)
    },
  }),
]
