export { AccountFrame } from './account-frame.tsx'
export { manyOf, oneOf, type Search, safePath, useAddress } from './addresses.ts'
export { formatAmount, formatCompactAmount, formatCount, parseAmount, sumAmounts } from './amounts.ts'
export { type Brand, useBrand, useShownBrand } from './brand.tsx'
export { brandColorsOf } from './brand-colors.ts'
export { Chart, ChartFrame, type ChartPlan, TableSwitch } from './charts.tsx'
export { CodeField } from './code-field.tsx'
export { ColorSchemeChoice } from './color-scheme.tsx'
export { startConsole } from './console.tsx'
export { CopyButton } from './copy-button.tsx'
export { dayOf, formatAgo, formatDay, formatExactTime, formatInstantDay, formatTime, startOfDay } from './dates.ts'
export { default as directory } from './directory.module.css'
export { useFeature } from './features.ts'
export { FormFoot } from './form-foot.tsx'
export { Icon, type IconName, isIconName, listIcons } from './icons.tsx'
export { useLinkToken } from './link-tokens.ts'
export { PageLink } from './links.tsx'
export { LoadMore } from './load-more.tsx'
export type { ConsoleModule, ResourceDescription } from './module.ts'
export { NewPasswordField, type PasswordRules, rulesInWords } from './new-password-field.tsx'
export { PageHeader } from './page-header.tsx'
export { Refusal } from './refusal.tsx'
export { confirmPerson, type OnTheWire, Problem, request, requestAll } from './requests.ts'
export { type Resources, useResources } from './resources.ts'
export { useReturningFocus } from './returning-focus.ts'
export { RolesField, roleChoicesQuery } from './roles-field.tsx'
export { ScrollRegion } from './scroll-region.tsx'
export { Secret, SecretDialog } from './secret-dialog.tsx'
export { SectionTabs } from './section-tabs.tsx'
export {
  brandQuery,
  createTenant,
  entranceQuery,
  leaveForGoogle,
  leaveForProvider,
  mayBeSignedIn,
  openSession,
  type SignInStep,
  sessionQuery,
  signOut,
  switchTenant,
  templatesQuery,
  useSession,
} from './session.ts'
export { SideSheet } from './side-sheet.tsx'
export { EmptyState, ErrorState, NotFound } from './states.tsx'
export { showTitleBadge, usePageTitle } from './titles.ts'
export { Total, Totals } from './totals.tsx'
export { Wordmark } from './wordmark.tsx'
