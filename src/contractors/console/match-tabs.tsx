import { SectionTabs } from '#platform/console'

export const MatchTabs = () => (
  <SectionTabs
    label="Matches"
    sections={[
      { to: '/matches', label: 'Queue' },
      { to: '/matches/decisions', label: 'Decisions' },
    ]}
  />
)
