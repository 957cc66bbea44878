/** A vendor's name taken apart, as two are compared. Words are lower case, without accents, canonical (services is service). */
export type NormalName = {
  /** As it was written. */
  text: string
  /** The words that tell it apart: no legal form, no article. */
  words: readonly string[]
  /** The words as they are spelt, legal form left away: what an index is asked for. */
  plain: readonly string[]
  /** The same run together: 2ND WAVE and 2NDWAVE are one. */
  compact: string
  legalForm: LegalForm | undefined
  /** FPDS cuts names at 30 characters, some lists at 40: its last word may be half a word, and others may be missing. */
  isCut: boolean
  /** First letters of the words, of three or more: IBM. */
  initials: string
}

export type LegalForm = 'corporation' | 'llc' | 'partnership' | 'foreign' | 'professional'

/**
 * The names in a text: one, or those on both sides of "doing business as", the first the legal one. Idempotent: the words
 * of a name made of its words are the same.
 */
export function normalNames(text: string): NormalName[] {
  const parts = text
    .split(aliasMark)
    .map(part => part.trim())
    .filter(part => /[\p{L}\p{N}]/u.test(part))
  const names = parts.map(part => takeApart(part, part.length === text.trim().length ? text.trim() : part))
  return names.filter(name => name.compact !== '')
}

/** The first of `normalNames`; of a text without letters and digits one without words. */
export const normalName = (text: string): NormalName => normalNames(text)[0] ?? takeApart('', text)

/** All spellings under which a canonical word stands in a name: what an index of plain words is asked for. */
export function spellingsOf(word: string): string[] {
  const plural = word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`
  return [...new Set([word, plural, ...(spellings.get(word) ?? [])])]
}

/** Plain words as the database has them (contractors.plain_words): nothing replaced, nothing left away. */
export const plainWords = (text: string): string[] =>
  fold(text)
    .replace(/[.'’‘]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word !== '')

export function canonicalWord(word: string): string {
  const known = abbreviations.get(word)
  if (known !== undefined) return known
  const single = singular(word)
  return abbreviations.get(single) ?? single
}

const aliasMark =
  /\s*[,(]?\s*(?:\bd\s?\/\s?b\s?\/\s?a\b|\bd\.b\.a\.|\bdba\b|\bdoing business as\b|\ba\s?\/\s?k\s?\/\s?a\b|\baka\b|\bf\s?\/\s?k\s?\/\s?a\b|\bfka\b|\bformerly(?: known as)?\b|\bt\s?\/\s?a\b)[:\s]*/i

function takeApart(text: string, written: string): NormalName {
  const isCut = written.length === text.length && cutLengths.has(written.length)
  const plain = glueLetters(words(text))
  const { words: core, legalForm } = withoutLegalForm(plain, isCut)
  const kept = core.filter(word => !articles.has(word))
  const told = kept.length > 0 ? kept : core.length > 0 ? core : plain
  const canonical = told.map(canonicalWord)
  return {
    text: written,
    words: canonical,
    plain: core,
    compact: canonical.join(''),
    legalForm,
    isCut,
    initials: canonical.length >= 3 ? canonical.map(word => word[0]).join('') : '',
  }
}

const cutLengths = new Set([28, 29, 30, 39, 40])

function words(text: string): string[] {
  const folded = fold(text)
    .replace(/\blimited liability (company|co)\b/g, ' llc ')
    .replace(/\blimited liability (partnership)\b/g, ' llp ')
    .replace(/\b(public|private) limited company\b/g, ' plc ')
    .replace(/\blimited partnership\b/g, ' lp ')
  // An acronym or a number in brackets repeats or adds a register's number: Java Production Inc (JPI).
  const unbracketed = folded.replace(/\(\s*([^()]*?)\s*\)/g, (_, inner: string) => {
    if (/^\d+$/.test(inner)) return ' '
    const outside = folded
      .slice(0, folded.indexOf('('))
      .replace(/[.'’‘]/g, '')
      .split(/[^\p{L}\p{N}]+/u)
    const initials = outside.map(word => word[0] ?? '').join('')
    const letters = inner.replace(/[^\p{L}]/gu, '')
    return letters.length >= 2 && initials.startsWith(letters) ? ' ' : ` ${inner} `
  })
  const plain = unbracketed
    .replace(/[.'’‘]/g, '')
    .replace(/[&+]/g, ' and ')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word !== '')
  return plain
}

const fold = (text: string) =>
  text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/ø/g, 'o')
    .replace(/ł/g, 'l')
    .replace(/æ/g, 'ae')

/** J P SYSTEMS and JP SYSTEMS, U S A and USA. */
function glueLetters(plain: readonly string[]): string[] {
  const glued: string[] = []
  let isRun = false
  for (const word of plain) {
    const isLetter = word.length === 1 && /\p{L}/u.test(word)
    if (isLetter && isRun) glued[glued.length - 1] += word
    else glued.push(word)
    isRun = isLetter
  }
  return glued.map(word => (word === 'usa' ? 'us' : word))
}

const legalForms = new Map<string, LegalForm>([
  ['inc', 'corporation'],
  ['incorporated', 'corporation'],
  ['incorporation', 'corporation'],
  ['corp', 'corporation'],
  ['corporation', 'corporation'],
  ['company', 'corporation'],
  ['co', 'corporation'],
  ['cos', 'corporation'],
  ['ltd', 'corporation'],
  ['limited', 'corporation'],
  ['llc', 'llc'],
  ['lc', 'llc'],
  ['pllc', 'llc'],
  ['llp', 'partnership'],
  ['lllp', 'partnership'],
  ['lp', 'partnership'],
  ['pc', 'professional'],
  ['pa', 'professional'],
  ['apc', 'professional'],
  ['plc', 'foreign'],
  ['gmbh', 'foreign'],
  ['ag', 'foreign'],
  ['sa', 'foreign'],
  ['sarl', 'foreign'],
  ['sas', 'foreign'],
  ['nv', 'foreign'],
  ['bv', 'foreign'],
  ['ab', 'foreign'],
  ['oy', 'foreign'],
  ['spa', 'foreign'],
  ['srl', 'foreign'],
  ['lda', 'foreign'],
  ['limitada', 'foreign'],
  ['pty', 'foreign'],
  ['pvt', 'foreign'],
])
// These say nothing else wherever they stand; the others only at the end.
const legalAnywhere = new Set(['inc', 'incorporated', 'corp', 'corporation', 'llc', 'pllc', 'llp', 'ltd', 'gmbh'])

function withoutLegalForm(plain: readonly string[], isCut: boolean) {
  const core = [...plain]
  let legalForm: LegalForm | undefined
  const last = core.at(-1)
  if (isCut && core.length > 2 && last !== undefined && !legalForms.has(last) && isBeginningOfLegalForm(last)) {
    core.pop()
  }
  for (;;) {
    const end = core.at(-1)
    if (end === undefined) break
    const form = legalForms.get(end)
    if (form !== undefined && core.length > 1) legalForm = form === 'corporation' ? (legalForm ?? form) : form
    // KPMG LLP-3: a number behind the legal form tells offices or offers apart.
    else if (/^\d$/.test(end) && core.length > 2 && legalForms.has(core.at(-2)!)) {
      core.pop()
      continue
    } else if (!(articles.has(end) && core.length > 1)) break
    core.pop()
  }
  const kept = core.filter((word, place) => {
    if (place === 0 || !legalAnywhere.has(word)) return true
    legalForm ??= legalForms.get(word)
    return false
  })
  return { words: kept, legalForm }
}

const isBeginningOfLegalForm = (word: string) =>
  ['incorporated', 'corporation', 'company', 'limited'].some(form => word.length >= 2 && form.startsWith(word))

const articles = new Set(['the', 'of', 'and', 'a', 'an', 'for', 'in', 'at', 'de', 'la', 'et', 'y', 'und'])

function singular(word: string): string {
  if (word.length <= 4 || /\d/.test(word)) return word
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  if (word.endsWith('s') && !/(ss|us|is|ics)$/.test(word)) return word.slice(0, -1)
  return word
}

/** Canonical word: its abbreviations, and other forms that mean the same in a firm's name. Lists of common usage (USPS, FPDS). */
const table: Record<string, string> = {
  academy: 'acad',
  administration: 'admin adm',
  advanced: 'adv advncd',
  advisor: 'adviser advisers advisors',
  aerospace: 'aero',
  agency: 'agcy',
  america: 'amer',
  american: 'amern',
  analysis: 'analyses',
  architect: 'arch archs',
  associate: 'assoc assocs association associations assn associates asso',
  authority: 'auth',
  aviation: 'avn',
  board: 'bd',
  brother: 'bros brothers',
  building: 'bldg bldgs',
  business: 'bus busn',
  center: 'ctr centre cntr centers centres',
  chemical: 'chem',
  college: 'coll',
  commercial: 'coml',
  commission: 'comm',
  communication: 'commun comms communications communicatio',
  community: 'cmty',
  computer: 'cmptr comptr',
  construction: 'constr const constrn contr',
  consulting: 'consult consultg consultants consultant conslt',
  contracting: 'contractg contractors contractor',
  control: 'ctrl',
  cooperative: 'coop co-op',
  county: 'cnty',
  department: 'dept dpt',
  design: 'dsgn',
  development: 'dev devel dvlpmt dvlp',
  distribution: 'distr distrib distributor distributors distributing',
  district: 'dist',
  division: 'div',
  economic: 'econ',
  education: 'educ edu educational',
  electric: 'elec elect',
  electronic: 'electr electronics',
  engineering: 'eng engr engrg engg engineers engineer',
  enterprise: 'ent enterpr',
  environmental: 'env envir environ envtl',
  equipment: 'equip eqpt',
  exchange: 'exch',
  federal: 'fed',
  financial: 'fin fincl finance',
  foundation: 'fdn found fndn',
  general: 'gen genl',
  government: 'govt gov gvmt governmental',
  group: 'grp groupe',
  healthcare: 'hlthcare',
  health: 'hlth',
  holding: 'hldgs hldg',
  hospital: 'hosp',
  industry: 'ind inds indus industries industrial',
  information: 'info',
  institute: 'inst institution institutes',
  insurance: 'ins',
  integrated: 'integr intgrtd',
  international: 'intl int internatl internat',
  investment: 'invest invstmt',
  laboratory: 'lab labs laboratories labratory',
  library: 'lib',
  logistic: 'logistics logis',
  maintenance: 'maint',
  management: 'mgmt mgt mngmt managment mngt',
  manufacturing: 'mfg manufactur manuf mfr manufacturer manufacturers',
  marketing: 'mktg mkting',
  medical: 'med',
  memorial: 'meml',
  minister: 'min',
  municipal: 'mun',
  national: 'natl nat',
  operation: 'opns ops',
  organization: 'org orgn organisation',
  partner: 'ptnrs partners partnership partnerships',
  performance: 'perf',
  petroleum: 'pet petro',
  pharmaceutical: 'pharm pharma',
  product: 'prod prods',
  production: 'prodn prodns',
  professional: 'prof profl',
  program: 'prog programme',
  property: 'props prop',
  public: 'pub',
  publishing: 'publ publg publishers publisher publication publications',
  regional: 'regl reg',
  regent: 'rgts',
  research: 'res rsch rsrch',
  resource: 'resrc resources',
  saint: 'st sainte',
  school: 'sch',
  science: 'sci sciences scientific',
  security: 'sec secur',
  service: 'svc svcs svs srvcs serv servs svce',
  society: 'soc',
  software: 'sw',
  solution: 'soln solns sols',
  southern: 'sthrn',
  state: 'stat',
  strategy: 'strategies strategic strat',
  support: 'supp',
  system: 'sys syst systs',
  technical: 'techl',
  technology: 'tech techs technol technologies technolgy tchnlgs',
  training: 'trng',
  transportation: 'transp trans transport',
  trustee: 'trs',
  university: 'univ universities universtiy',
  utility: 'util utils',
}

const abbreviations = new Map<string, string>()
const spellings = new Map<string, string[]>()
for (const [word, list] of Object.entries(table)) {
  const all = list.split(' ')
  spellings.set(word, all)
  for (const spelling of all)
    if (!abbreviations.has(spelling) && !(spelling in table)) abbreviations.set(spelling, word)
}
