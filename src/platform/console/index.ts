export { AccountFrame } from './account-frame.tsx'
export { manyOf, oneOf, type Search, safePath, useAddress } from './addresses.ts'
export { formatAmount, formatCompactAmount, formatCount, parseAmount, sumAmounts } from './amounts.ts'
export { type Brand, useBrand, useShownBrand } from './brand.tsx'
export { type BrandColors, brandColorsOf } from './brand-colors.ts'
export { CodeField } from './code-field.tsx'
export { ColorSchemeChoice } from './color-scheme.tsx'
export { startConsole } from './console.tsx'
export { CopyButton } from './copy-button.tsx'
export { dayOf, formatAgo, formatDay, formatExactTime, formatInstantDay, formatTime, startOfDay } from './dates.ts'
export { useFeature } from './features.ts'
export { Icon, type IconName, isIconName, listIcons } from './icons.tsx'
export { useLinkToken } from './link-tokens.ts'
export { PageLink } from './links.tsx'
export type { ConsoleModule, ConsoleRoute, NavigationEntry, ResourceDescription } from './module.ts'
export { NewPasswordField, type PasswordRules, rulesInWords } from './new-password-field.tsx'
export { PageHeader } from './page-header.tsx'
export { confirmPerson, type OnTheWire, Problem, request } from './requests.ts'
export { type Resources, useResources } from './resources.ts'
export { useReturningFocus } from './returning-focus.ts'
export {
  brandQuery,
  createTenant,
  entranceQuery,
  leaveForGoogle,
  mayBeSignedIn,
  openSession,
  type Session,
  type SignInStep,
  sessionQuery,
  signOut,
  switchTenant,
  templatesQuery,
  useSession,
} from './session.ts'
export { SideSheet } from './side-sheet.tsx'
export { EmptyState, ErrorState, Forbidden, NotFound } from './states.tsx'
export { showTitleBadge, usePageTitle } from './titles.ts'
export { Wordmark } from './wordmark.tsx'
