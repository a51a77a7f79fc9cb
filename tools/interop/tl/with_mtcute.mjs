// usage: node with_mtcute.mjs VALUES: re-encodes our values with mtcute.
// Run in the folder whose node_modules has @mtcute/core.
//
// mtcute reads constructors but never methods. For those this script walks the list of arguments in the schema that
// mtcute ships and reads each with mtcute's reader; writing is mtcute's own code for both.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import report from './report.cjs'

const modules = join(process.cwd(), 'node_modules', '@mtcute')
const load = path => import(pathToFileURL(join(modules, path)))
const { __tlReaderMap, __tlWriterMap } = await load('core/utils.js')
const { TlBinaryReader } = await load('tl-runtime/reader.js')
const { TlBinaryWriter } = await load('tl-runtime/writer.js')

const schema = JSON.parse(readFileSync(join(modules, 'core/tl/api-schema.json'), 'utf8'))
const methods = new Map(schema.e.filter(entry => entry.kind === 'method').map(entry => [entry.id, entry]))

const UNREADABLE = {
  accessPointRule: "not in mtcute's schema",
  'help.configSimple': "not in mtcute's schema",
  ipPort: "not in mtcute's schema",
  ipPortSecret: "not in mtcute's schema",
  'test.useConfigSimple': "not in mtcute's schema",
}
const BARE_TYPES = ['int', 'long', 'int53', 'double', 'int128', 'int256', 'bytes', 'string']

const camelCase = name => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase())

function readMethodOrObject(reader) {
  const method = methods.get(reader.peekUint())
  if (!method) return reader.object()
  reader.uint()
  const value = { _: method.name }
  const flags = {}
  for (const { name, type, typeModifiers = {} } of method.arguments) {
    if (type === '#') {
      flags[name] = reader.uint()
      continue
    }
    if (typeModifiers.predicate) {
      const [word, bit] = typeModifiers.predicate.split('.')
      const present = (flags[word] >>> Number(bit)) & 1
      if (type === 'true') value[camelCase(name)] = present === 1
      if (type === 'true' || !present) continue
    }
    value[camelCase(name)] = readArgument(reader, type, typeModifiers.isVector)
  }
  return value
}

function readArgument(reader, type, isVector) {
  if (type === '!X') return readMethodOrObject(reader)
  const read = BARE_TYPES.includes(type) ? reader[type] : type === 'Bool' ? reader.boolean : reader.object
  return isVector ? reader.vector(read) : read.call(reader)
}

function reencode(data, kind) {
  const reader = new TlBinaryReader(__tlReaderMap, new Uint8Array(data))
  const value = kind === 'function' ? readMethodOrObject(reader) : reader.object()
  if (reader.pos !== data.length) throw new Error(`${data.length - reader.pos} bytes left over`)
  return TlBinaryWriter.serializeObject(__tlWriterMap, value)
}

report.check(process.argv[2], reencode, UNREADABLE)
