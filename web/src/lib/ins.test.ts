import { describe, expect, it } from 'vitest';
import { insOf } from './ins';

describe('the national number', () => {
  it('is fifteen characters with their key, spaces between them as people write it', () => {
    expect(insOf('255081416802538')).toBe('255081416802538');
    expect(insOf('2 55 08 14 168 025 38')).toBe('255081416802538');
  });
  it('is none with a digit changed, missing or added', () => {
    expect(insOf('255081416802539')).toBeNull();
    expect(insOf('265081416802538')).toBeNull();
    expect(insOf('25508141680253')).toBeNull();
    expect(insOf('2550814168025381')).toBeNull();
    expect(insOf('')).toBeNull();
  });
  it('knows the two departments of Corsica', () => {
    const of = (department: string, digits: string) => String(97n - (BigInt(`25508${digits}168025`) % 97n)).padStart(2, '0') + department;
    const key = (digits: string) => of('', digits);
    expect(insOf(`255082A168025${key('19')}`)).toBe(`255082A168025${key('19')}`);
    expect(insOf(`255082B168025${key('18')}`)).toBe(`255082B168025${key('18')}`);
    expect(insOf(`255082A168025${key('18')}`)).toBeNull();
  });
});
