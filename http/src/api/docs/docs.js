// Shows the OpenAPI document. It builds nodes, never markup: what stands in the document is text.
const el = (name, attributes = {}, ...children) => {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children.filter((child) => child !== null && child !== undefined))
  return node
}

const api = await (await fetch('/api/v1/openapi.json')).json()
const schemas = api.components.schemas

/** A schema as a short text; names are followed once, so that nothing runs in circles. */
function shape(schema, depth = 0, seen = []) {
  if (!schema) return ''
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop()
    if (seen.includes(name) || depth > 6) return name
    return `${name} ${shape(schemas[name], depth, [...seen, name])}`
  }
  const either = schema.oneOf ?? schema.anyOf
  if (either) return either.map((one) => shape(one, depth, seen)).join(' | ')
  if (schema.allOf) return schema.allOf.map((one) => shape(one, depth, seen)).join(' & ')
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const type = [schema.type ?? 'any'].flat().join(' | ')
  if (schema.items) return `[${shape(schema.items, depth, seen)}]${type.includes('null') ? ' | null' : ''}`
  if (!schema.properties) return type
  const pad = '  '.repeat(depth + 1)
  const lines = Object.entries(schema.properties).map(([name, property]) => {
    const optional = schema.required?.includes(name) ? '' : '?'
    return `${pad}${name}${optional}: ${shape(property, depth + 1, seen)}`
  })
  return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`
}

const body = (content) => {
  const [kind, media] = Object.entries(content ?? {})[0] ?? []
  return kind ? el('pre', {}, shape(media.schema)) : null
}

function operation(path, method, op) {
  const permission = (op.security ?? []).flatMap((one) => Object.values(one).flat()).join(', ')
  const parameters = (op.parameters ?? []).map((one) =>
    el('tr', {}, el('td', {}, el('code', {}, one.name)), el('td', {}, one.in), el('td', {}, one.description ?? '')),
  )
  const answers = Object.entries(op.responses)
    .filter(([status]) => status !== 'default')
    .flatMap(([status, answer]) => [el('p', {}, el('strong', {}, status), ` ${answer.description ?? ''}`), body(answer.content)])
  return el(
    'details',
    { 'data-text': `${method} ${path} ${op.operationId} ${op.summary ?? ''} ${op.description ?? ''}`.toLowerCase() },
    el(
      'summary',
      {},
      el('span', { class: 'method' }, method.toUpperCase()),
      el('span', { class: 'path' }, path),
      el('span', { class: 'permission' }, permission || 'open'),
    ),
    el('p', {}, op.summary ?? ''),
    el('p', {}, op.description ?? ''),
    parameters.length ? el('table', {}, ...parameters) : null,
    op.requestBody ? el('p', {}, el('strong', {}, 'Body')) : null,
    op.requestBody ? body(op.requestBody.content) : null,
    ...answers,
  )
}

document.getElementById('about').textContent = `${api.info.description} Version ${api.info.version}.`
const main = document.getElementById('operations')
const every = Object.entries(api.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, op]) => ({ path, method, op })),
)
for (const tag of api.tags) {
  const own = every.filter(({ op }) => op.tags?.includes(tag.name))
  if (own.length === 0) continue
  main.append(
    el('section', {}, el('h2', {}, tag.name), el('p', {}, tag.description), ...own.map(({ path, method, op }) => operation(path, method, op))),
  )
}

const row = (...cells) => el('tr', {}, ...cells.map((cell) => el('td', {}, cell)))
const codes = Object.entries(schemas.Problem.properties.code['x-codes'])
document.getElementById('codes').append(el('table', {}, ...codes.map(([code, status]) => row(el('code', {}, code), String(status)))))
const permissions = Object.entries(api.components.securitySchemes.staff['x-permissions'])
document
  .getElementById('permissions')
  .append(el('table', {}, ...permissions.map(([name, roles]) => row(el('code', {}, name), roles.join(', ')))))

document.getElementById('find').addEventListener('input', (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean)
  for (const details of main.querySelectorAll('details')) {
    details.hidden = !words.every((word) => details.dataset.text.includes(word))
  }
})
