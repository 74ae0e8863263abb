// The French national health identifier (INS): fifteen characters, of which the last two are the key.

/** Who issues it, as an object identifier: the permanent number, and the one that stands for it while it is waited for. */
export const INS_ISSUERS = { nir: '1.2.250.1.213.1.4.8', nia: '1.2.250.1.213.1.4.9' } as const;

export type InsKind = keyof typeof INS_ISSUERS;

/** The fifteen characters, or `null` where they are no such number or the key (97 less the remainder by 97) does not fit. */
export function insOf(text: string): string | null {
  const ins = text.replaceAll(/[ .]/g, '').toUpperCase();
  const parts = /^(\d{5})(\d{2}|2A|2B)(\d{6})(\d{2})$/.exec(ins);
  if (!parts) return null;
  const [, head = '', department = '', tail = '', key = ''] = parts;
  // Corsica's departments count as 19 and 18.
  const number = BigInt(head + department.replace('2A', '19').replace('2B', '18') + tail);
  return 97n - (number % 97n) === BigInt(key) ? ins : null;
}
