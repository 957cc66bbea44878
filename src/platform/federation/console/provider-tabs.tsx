import { SectionTabs } from '#platform/console'

/** The pages of one identity provider. */
export function ProviderTabs({ id }: { id: string }) {
  const page = `/identity-providers/${id}`
  return (
    <SectionTabs
      label="About this identity provider"
      sections={[
        { to: page, label: 'Settings', permission: 'federation.providers.read' },
        { to: `${page}/people`, label: 'People', permission: 'federation.mappings.read' },
        { to: `${page}/groups`, label: 'Groups', permission: 'federation.groups.read' },
        { to: `${page}/provisioning`, label: 'Provisioning (SCIM)', permission: 'federation.providers.read' },
        { to: `${page}/sync-runs`, label: 'Sync runs', permission: 'federation.groups.read' },
      ]}
    />
  )
}
