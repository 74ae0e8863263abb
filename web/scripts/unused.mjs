// Leaves out of the style sheets what no script names: Mantine brings those of all its parts, under names that stand in the code
// of the parts that are used.

const NAME = /\.(m_[0-9a-f]{6,})/g;

/** The rules and at-rules of a sheet without comments: what stands before the brace, what within; `null` within: a statement. */
function* rules(text) {
  let at = 0;
  while (at < text.length) {
    const brace = text.indexOf('{', at);
    const semicolon = text.indexOf(';', at);
    if (brace < 0 || (semicolon >= 0 && semicolon < brace)) {
      const end = semicolon < 0 ? text.length : semicolon + 1;
      yield { head: text.slice(at, end), body: null };
      at = end;
      continue;
    }
    let depth = 1;
    let end = brace + 1;
    while (depth > 0 && end < text.length) {
      if (text[end] === '{') depth += 1;
      else if (text[end] === '}') depth -= 1;
      end += 1;
    }
    yield { head: text.slice(at, brace), body: text.slice(brace + 1, end - 1) };
    at = end;
  }
}

/** @param {string} sheet minified @param {Set<string>} named classes that scripts name */
export function withoutUnused(sheet, named) {
  let kept = '';
  for (const { head, body } of rules(sheet)) {
    if (body === null) kept += head;
    else if (/^\s*@(media|supports|layer|container)/.test(head)) {
      const inner = withoutUnused(body, named);
      if (inner.trim() !== '') kept += `${head}{${inner}}`;
    } else {
      const classes = [...head.matchAll(NAME)].map(match => match[1]);
      if (classes.length === 0 || classes.some(one => named.has(one))) kept += `${head}{${body}}`;
    }
  }
  return kept;
}

/** Vite's: after all chunks are made, before they are written. */
export function unused() {
  return {
    name: 'unused-styles',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle);
      const scripts = files.filter(file => file.type === 'chunk').map(file => file.code);
      const named = new Set(scripts.flatMap(code => code.match(/m_[0-9a-f]{6,}/g) ?? []));
      for (const file of files) {
        if (file.type === 'asset' && file.fileName.endsWith('.css')) file.source = withoutUnused(String(file.source), named);
      }
    },
  };
}
