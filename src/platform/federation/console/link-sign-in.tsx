import { Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ErrorState, PageHeader, Refusal, request, useLinkToken } from '#platform/console'

type Offer = { tenantName: string; providerName: string; externalEmail: string | null; externalName: string | null }

/** Where the link of a mail ends: the owner of an account says whether somebody of a provider is he. */
export function Page() {
  const token = useLinkToken()
  const navigate = useNavigate()
  const offer = useQuery({
    queryKey: ['link-offer', token],
    queryFn: () => request<Offer>('/me/provider-links/offer', { method: 'POST', body: { token } }),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const confirm = useMutation({
    mutationFn: () => request('/me/provider-links/confirmation', { method: 'POST', body: { token } }),
    onSuccess: async () => {
      notifications.show({ message: `${offer.data?.providerName} is linked.` })
      await navigate({ to: '/account/security', replace: true })
    },
  })
  if (offer.error) return <ErrorState error={offer.error} />
  if (!offer.data) return <Skeleton height={200} aria-label="Loading the question" />
  const { tenantName, providerName, externalEmail, externalName } = offer.data
  return (
    <>
      <PageHeader title={`Is this you at ${providerName}?`} lead={`Asked by an administrator of ${tenantName}.`} />
      <Stack gap="md" maw={560}>
        <Text>
          {externalName ?? 'Somebody'} signed in there with the address {externalEmail}. If that was you, you can come
          into {tenantName} through {providerName} from now on. Your other workspaces and the settings of your account
          stay out of its reach.
        </Text>
        <Refusal error={confirm.error} />
        <Group gap="xs">
          <Button loading={confirm.isPending} onClick={() => confirm.mutate()}>
            Yes, link it
          </Button>
          <Button variant="default" onClick={() => void navigate({ to: '/', replace: true })}>
            No
          </Button>
        </Group>
      </Stack>
    </>
  )
}
