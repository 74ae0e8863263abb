import { expect, test } from 'vitest';
import { withoutUnused } from '../../scripts/unused.mjs';

test('styles of parts that no script names are left out, and nothing else', () => {
  const sheet =
    '@charset "utf-8";:root{--a:1}.m_aaaaaaaa{color:red}.m_bbbbbbbb,.m_aaaaaaaa:hover{color:blue}:where(.m_bbbbbbbb) .m_cccccccc{top:0}' +
    '@media (width>1em){.m_cccccccc{left:0}.own{left:1px}}@media print{.m_cccccccc{left:0}}@keyframes m_cccccccc{from{top:0}to{top:1px}}.shell_x1{top:0}';
  expect(withoutUnused(sheet, new Set(['m_aaaaaaaa', 'm_dddddddd']))).toBe(
    '@charset "utf-8";:root{--a:1}.m_aaaaaaaa{color:red}.m_bbbbbbbb,.m_aaaaaaaa:hover{color:blue}' +
      '@media (width>1em){.own{left:1px}}@keyframes m_cccccccc{from{top:0}to{top:1px}}.shell_x1{top:0}',
  );
});
