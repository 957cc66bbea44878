export { errors as fileErrors } from './errors.ts'
export { Rejects } from './rejects.ts'
export { type BadRow, barReader, csvReader, type FileRow, type RowHandlers, type RowReader } from './rows.ts'
export { openTextFile, type TextFile, type TextPiece } from './text-files.ts'
