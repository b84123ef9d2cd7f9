/**
 * A text as nodes: paragraphs, code and links, everything else as it was written; no text ever becomes markup.
 */

const PIECE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|\bhttps?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]]/g

/**
 * @param {string} text
 * @returns {Node[]}
 */
export function nodesOf (text) {
  const parts = text.split(/^```[^\n]*\n([\s\S]*?)(?:^```[ \t]*$|(?![\s\S]))/m)
  return parts.flatMap((part, at) => at % 2 === 1 ? [block(part)] : /** @type {Node[]} */ (
    part.split(/\n{2,}/).filter((one) => one.trim() !== '').map(paragraph)))
}

/** The first line that says something. @param {string} text */
export const firstLine = (text) => text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('```'))?.trim() ?? ''

/** @param {string} text */
function block (text) {
  const made = document.createElement('pre')
  made.tabIndex = 0 // It may scroll, which the keyboard must reach.
  made.appendChild(document.createElement('code')).textContent = text.replace(/\n$/, '')
  return made
}

/** @param {string} text */
function paragraph (text) {
  const made = document.createElement('p')
  text = text.replace(/^\n+|\n+$/g, '')
  let done = 0
  for (const found of text.matchAll(PIECE)) {
    made.append(text.slice(done, found.index), piece(found))
    done = found.index + found[0].length
  }
  made.append(text.slice(done))
  return made
}

/** @param {RegExpMatchArray} found */
function piece ([whole, code, strong]) {
  if (code !== undefined || strong !== undefined) {
    const made = document.createElement(code !== undefined ? 'code' : 'strong')
    made.textContent = code ?? strong
    return made
  }
  const link = document.createElement('a')
  link.href = whole
  link.textContent = whole
  link.target = '_blank'
  link.rel = 'noopener noreferrer'
  return link
}
