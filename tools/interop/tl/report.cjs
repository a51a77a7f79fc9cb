// Reads `kind name hex` lines, has each value re-encoded and reports where the bytes agree and where not.
'use strict'
const fs = require('fs')

// Ends the process: 0 if every value came back as it was, 1 otherwise.
//
// `reencode(data, kind, name)` decodes and encodes with the library under test. `unreadable` maps names that the
// library cannot take to the reason; a name in there that does come back is an error too, so the table stays true.
function check(path, reencode, unreadable) {
  const agreed = { type: new Set(), function: new Set() }
  const values = { type: 0, function: 0 }
  const excused = new Map()
  const failed = new Map()
  for (const line of fs.readFileSync(path, 'ascii').trim().split('\n')) {
    const [kind, name, hex] = line.split(' ')
    const data = Buffer.from(hex, 'hex')
    let problem
    try {
      problem = difference(data, reencode(data, kind, name))
    } catch (error) { // whatever the library throws is the finding
      problem = String(error).split('\n')[0].slice(0, 160)
    }
    if (problem === undefined) {
      agreed[kind].add(name)
      values[kind]++
      continue
    }
    const table = unreadable[name] ? excused : failed
    if (!table.has(`${kind} ${name}`)) table.set(`${kind} ${name}`, unreadable[name] || problem)
  }
  for (const name of Object.keys(unreadable)) {
    if (agreed.type.has(name) || agreed.function.has(name)) {
      failed.set(`stale ${name}`, 'listed as unreadable, but it came back as it was')
    }
  }
  for (const kind of ['type', 'function']) {
    const names = [...agreed[kind]].filter(name => !failed.has(`${kind} ${name}`))
    console.log(`agreed ${kind} ${names.length} names ${values[kind]} values`)
  }
  for (const key of [...excused.keys()].sort()) console.log(`unreadable ${key}: ${excused.get(key)}`)
  for (const key of [...failed.keys()].sort()) console.log(`FAILED ${key}: ${failed.get(key)}`)
  process.exitCode = failed.size || values.type + values.function === 0 ? 1 : 0
}

// undefined if equal, else where the two start to differ.
function difference(ours, theirs) {
  theirs = Buffer.from(theirs)
  if (ours.equals(theirs)) return undefined
  let at = 0
  while (at < ours.length && ours[at] === theirs[at]) at++
  const part = bytes => `${bytes.subarray(at, at + 12).toString('hex')} (${bytes.length} bytes)`
  return `differs at byte ${at}: ours ${part(ours)}, theirs ${part(theirs)}`
}

module.exports = { check }
