export { isImported } from './finished-imports.ts'
export { type ImportOptions, type ImportProgress, type ImportSummary, importFile } from './imports.ts'
export {
  addItem,
  type ContractorKey,
  type Item,
  type ItemFields,
  listItems,
  listsHolding,
  removeItem,
  updateItem,
} from './items.ts'
export {
  createList,
  deleteList,
  getFavourites,
  getList,
  type List,
  type ListFields,
  listLists,
  updateList,
} from './lists.ts'
export { type Contractor, type ContractorPage, getContractorPage } from './profile-pages.ts'
export { type Search, type SearchResult, searchContractors } from './search.ts'
