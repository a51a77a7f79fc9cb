// usage: node with_gramjs.cjs VALUES: re-encodes our values with GramJS, constructors and requests.
// Run in the folder whose node_modules has the package `telegram`.
'use strict'
const { createRequire } = require('module')
const { check } = require('./report.cjs')
const { BinaryReader } = createRequire(process.cwd() + '/')('telegram/extensions')

const UNREADABLE = {
  inputPeerPhotoFileLocationLegacy: "not in GramJS's schema",
  inputStickerSetThumbLegacy: "not in GramJS's schema",
  'test.useConfigSimple': "not in GramJS's schema",
}

function reencode(data) {
  const reader = new BinaryReader(data)
  const value = reader.tgReadObject()
  if (reader.tellPosition() !== data.length) throw new Error(`${data.length - reader.tellPosition()} bytes left over`)
  return value.getBytes()
}

check(process.argv[2], reencode, UNREADABLE)
