// A document of the shelf, as its file says it.
import { parse, print, valueFromASTUntyped } from 'graphql'

/** What a document is, from its text. */
export function read(path, text) {
  const operation = parse(text).definitions[0]
  const comments = text.slice(0, operation.loc.start).split('\n').filter(Boolean).map((line) => line.replace(/^# ?/, ''))
  const roles = comments.find((line) => line.startsWith('For: ')).slice('For: '.length).split(', ')
  return {
    key: path.split('/').pop().replace('.graphql', ''),
    name: operation.name.value,
    title: comments[0],
    about: comments.slice(1).filter((line) => line && !line.startsWith('For: ')).join(' '),
    roles,
    text: text.slice(operation.loc.start).trimEnd(),
    variables: operation.variableDefinitions.map((variable) => ({
      name: variable.variable.name.value,
      type: print(variable.type).replace('!', ''),
      required: variable.type.kind === 'NonNullType',
      initial: variable.defaultValue && valueFromASTUntyped(variable.defaultValue),
    })),
  }
}
