import { Alert, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { FormFoot, Icon, Problem, Refusal, RolesField, request, roleChoicesQuery, startOfDay } from '#platform/console'
import type { Invitation } from './own-invitations.ts'

/** Asks one or a few people, by their addresses. */
export function InvitationForm({ close }: { close: () => void }) {
  const client = useQueryClient()
  const choices = useQuery(roleChoicesQuery)
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState<readonly string[]>()
  const [lastDay, setLastDay] = useState('')
  const [faults, setFaults] = useState<{ emails?: string; roles?: string }>({})
  const roleIds = chosen ?? choices.data?.filter(role => role.isDefault).map(({ id }) => id) ?? []
  const emails = [...new Set(text.split(/[\s,;]+/).filter(Boolean))]

  const sending = useMutation({
    mutationFn: async () => {
      const refused: { email: string; reason: string }[] = []
      for (const email of emails) {
        const body = { email, roleIds, membershipExpiresAt: lastDay ? startOfDay(lastDay, 1) : null }
        await request<Invitation>('/invitations', { method: 'POST', body }).catch(error => {
          // Another address may be right; what is wrong with the roles or the connection is wrong for all.
          if (!(error instanceof Problem) || ![400, 409].includes(error.status)) throw error
          refused.push({ email, reason: error.message })
        })
      }
      return refused
    },
    onSuccess: refused => {
      const invited = emails.length - refused.length
      if (invited > 0)
        notifications.show({
          message: invited === 1 ? 'The mail is on its way.' : `${invited} mails are on their way.`,
        })
      if (refused.length === 0) close()
      else setText(refused.map(({ email }) => email).join('\n'))
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['invitations'] }),
  })

  function send(event: React.FormEvent) {
    event.preventDefault()
    const missing = {
      ...(emails.length === 0 && { emails: 'Enter at least one address.' }),
      ...(emails.length > 20 && { emails: 'For more than 20 people use a file.' }),
      ...(roleIds.length === 0 && { roles: 'Choose at least one role.' }),
    }
    setFaults(missing)
    if (Object.keys(missing).length === 0) sending.mutate()
  }

  return (
    <Modal opened onClose={close} title="Invite people" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={send} noValidate>
        <Stack gap="md">
          <Textarea
            label="E-mail addresses"
            description="One or several, separated by commas, spaces or lines."
            inputMode="email"
            autoComplete="off"
            autosize
            minRows={2}
            maxRows={8}
            data-autofocus
            value={text}
            error={faults.emails}
            onChange={event => setText(event.currentTarget.value)}
          />
          <RolesField value={roleIds} onChange={setChosen} error={faults.roles} />
          <TextInput
            type="date"
            label="Last day of the membership (optional)"
            description="For people who work here for a time only."
            value={lastDay}
            onChange={event => setLastDay(event.currentTarget.value)}
          />
          <Refusal error={sending.error} />
          {sending.data && sending.data.length > 0 && (
            <Alert color="yellow" variant="light" icon={<Icon name="alert" />} title="Not invited" role="alert">
              {sending.data.map(({ email, reason }) => (
                <Text key={email} size="sm">
                  {email}: {reason}
                </Text>
              ))}
            </Alert>
          )}
          <FormFoot close={close} isPending={sending.isPending}>
            Send
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}
